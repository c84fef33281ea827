import { errorCodes, type FastifyInstance } from 'fastify';

/** The media type of JSON Lines. */
export const LINES_TYPE = 'application/x-ndjson';

/** Routes that take a body of lines, by how their address ends. */
const TAKES_LINES = /\/import$/;

/**
 * Hands a body of lines on as a stream, whatever its size: its reader takes it line by line. Everywhere else the media type is
 * refused like any other that is not JSON.
 */
export function acceptLines(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(LINES_TYPE, (request, payload, done) => {
    if (TAKES_LINES.test(request.routeOptions.url ?? '')) done(null, payload);
    else done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE());
  });
}
