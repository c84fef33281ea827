import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';

const METRICS = /^\/metrics(?:[/?]|$)/;
const BEARER = /^Bearer +([\x21-\x7e]+)$/i;

/** With a token, `/metrics` asks for it; without one it is open, as the probes are. It is no API key and opens nothing else. */
export function guardMetrics(fastify: FastifyInstance, token: string | undefined): void {
  if (token === undefined) return;
  const expected = digest(token);
  fastify.addHook('onRequest', (request, _reply, done) => {
    const isMetrics = METRICS.test(request.url) || request.routeOptions.url === '/metrics';
    const given = BEARER.exec(request.headers.authorization ?? '')?.[1] ?? '';
    // Digests have one length, so that comparing takes the same time whatever was given.
    if (!isMetrics || timingSafeEqual(digest(given), expected)) done();
    else done(new AppError('unauthenticated', 'Send the token of NAGAYA_METRICS_TOKEN: "Authorization: Bearer …".'));
  });
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
