import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { errorCodes, type ConnectionError, type FastifyBaseLogger, type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError, invalidFields } from '../errors/app-error.js';
import { sendProblem } from '../errors/problem-json.filter.js';
import { problemHeaders, problemOf } from '../errors/problem.js';
import { parseJsonBody, requireUtf8 } from './json-body.js';
import { acceptLines } from './lines-body.js';
import { RequestLog } from './logging.js';
import { brokenParts } from './query-text.js';

export const DEFAULT_BODY_LIMIT = 32 * 1024 * 1024;

/** How long the server waits for a client, milliseconds. */
export interface Patience {
  /** For the headers of a request. */
  headers: number;
  /** For a whole request. */
  request: number;
  /** While nothing moves on a connection, in either direction. */
  silence: number;
  /** Between one look at the first two and the next. */
  look: number;
}

// A whole request: 32 MiB at 2.2 Mbit/s. Silence: longer than any statement may take.
const PATIENCE: Patience = { headers: 15_000, request: 120_000, silence: 150_000, look: 5_000 };

export interface HttpServerOptions {
  /** Largest body in bytes; 32 MiB unless given. */
  bodyLimit?: number;
  /** Which proxies' X-Forwarded-* headers are believed; none unless given. */
  trustProxy?: boolean | string | string[];
  /** Other waits than those that are usual. */
  patience?: Patience;
  /** When a body that has arrived may be parsed, which keeps everybody else waiting; undefined for at once, as it is for all unless given. */
  whenToParse?: (request: FastifyRequest, bytes: number) => Promise<void> | undefined;
  logger: FastifyBaseLogger;
}

/** The HTTP server that Nest runs on: JSON in and out, a request id on every answer, problem+json for every failure. */
export function createFastifyAdapter({ bodyLimit = DEFAULT_BODY_LIMIT, trustProxy = false, patience = PATIENCE, whenToParse = () => undefined, logger }: HttpServerOptions): FastifyAdapter {
  const adapter = new JsonOnlyAdapter({
    bodyLimit,
    trustProxy,
    loggerInstance: logger,
    logController: new RequestLog(),
    genReqId: requestId,
    requestIdHeader: false,
    requestTimeout: patience.request,
    http: { headersTimeout: patience.headers, connectionsCheckingInterval: patience.look },
    connectionTimeout: patience.silence,
    // Longer than the 60 s after which load balancers drop an idle connection, so that they never reuse one that just closed.
    keepAliveTimeout: 72_000,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    // 100 characters of a session id are up to 1,200 when percent-encoded.
    routerOptions: { caseSensitive: true, ignoreTrailingSlash: false, maxParamLength: 2_000 },
    frameworkErrors: answerUnroutable,
    clientErrorHandler: answerBrokenRequest,
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  // What the parser throws, or its promise rejects with, the adapter hands on as the request's failure.
  adapter.useBodyParser('application/json', false, { bodyLimit }, (request, body, done) => {
    requireUtf8(request.headers);
    const parse = (): void => done(null, parseJsonBody(body));
    return whenToParse(request, body.length)?.then(parse) ?? parse();
  });
  acceptLines(fastify);
  // By itself Fastify refuses another media type only at addresses that exist, and so tells which ones do.
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(new errorCodes.FST_ERR_CTP_INVALID_MEDIA_TYPE()));
  fastify.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  refuseBrokenQueries(fastify);
  takeTheRestOfABody(fastify);
  drainOnClose(fastify);
  return adapter;
}

/** By itself Fastify takes a percent sign that begins nothing, or bytes that are no UTF-8, for the text that stands there. */
function refuseBrokenQueries(fastify: FastifyInstance): void {
  fastify.addHook('onRequest', (request, _reply, done) => {
    const start = request.url.indexOf('?');
    const problems = start < 0 ? [] : brokenParts(request.url.slice(start + 1));
    if (problems.length === 0) done();
    else done(invalidFields(problems));
  });
}

/**
 * Fastify ends the connection where it refuses a body before its end, as one that is too large. A client that is still sending then finds
 * the connection broken and never reads why. Without that word Node reads on and keeps nothing, for as long as a request may take to arrive.
 */
function takeTheRestOfABody(fastify: FastifyInstance): void {
  fastify.addHook('onSend', (request, reply, payload, done) => {
    if (!request.raw.complete && reply.getHeader('connection') === 'close') void reply.removeHeader('connection');
    done(null, payload);
  });
}

/**
 * While the server closes, each answer still to come ends its connection. Fastify says so only to requests that arrive then; those
 * already at work would leave theirs open for the whole keepAliveTimeout (seen: 74 s), and the process would wait.
 */
function drainOnClose(fastify: FastifyInstance): void {
  let closing = false;
  // Connections that were opened and said nothing, as clients and balancers do in advance, are not idle to Node, and once it closes it no
  // longer looks for late headers: one of them would hold the process for the whole connectionTimeout.
  const sockets = new Set<Socket>();
  fastify.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  fastify.addHook('preClose', (done) => {
    closing = true;
    // For answers that were half sent when closing began.
    let silent: Socket[] = [];
    const sweep = setInterval(() => {
      fastify.server.closeIdleConnections();
      // Silent at two looks: a request that is just arriving at the first is let in.
      for (const socket of silent) if (socket.bytesRead === 0) socket.destroy();
      silent = [...sockets].filter((socket) => socket.bytesRead === 0);
    }, 250);
    fastify.server.once('close', () => clearInterval(sweep));
    done();
  });
  fastify.addHook('onSend', (_request, reply, payload, done) => {
    if (closing) void reply.header('connection', 'close');
    done(null, payload);
  });
}

/** Nest adds a parser for forms to every Fastify; here JSON is the only media type. */
class JsonOnlyAdapter extends FastifyAdapter {
  override registerParserMiddleware(prefix?: string, rawBody?: boolean): void {
    super.registerParserMiddleware(prefix, rawBody);
    this.getInstance().removeContentTypeParser('application/x-www-form-urlencoded');
  }
}

/** A caller's own id is taken over where it is harmless in a log and in a header. Ours need no order, so no version 7: Node keeps random ones in store. */
function requestId(request: { headers: IncomingHttpHeaders }): string {
  const given = request.headers['x-request-id'];
  return typeof given === 'string' && /^[A-Za-z0-9._-]{1,64}$/.test(given) ? given : randomUUID();
}

/** The router gives up on some URLs before there is a route, a hook or a filter. */
function answerUnroutable(error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  sendProblem(error, request, reply);
  request.log.info({ method: request.method, status: reply.statusCode }, 'request');
}

interface BrokenRequest {
  status: string;
  error: AppError;
}

/** What arrives is no HTTP, or not in time: there is no request yet, only a socket to answer on. */
function answerBrokenRequest(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return;
  if (socket.writable) {
    const { status, error: answer } = brokenRequest(error.code);
    const id = randomUUID();
    const body = JSON.stringify(problemOf(answer, id, Number(status.slice(0, 3))));
    const headers = { ...problemHeaders(answer), 'x-request-id': id, 'content-length': Buffer.byteLength(body), connection: 'close' };
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`);
  }
  socket.destroy(error);
}

function brokenRequest(code: string): BrokenRequest {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: '431 Request Header Fields Too Large', error: new AppError('validation_failed', 'The headers, or the URL, are too long.') };
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: '408 Request Timeout', error: new AppError('timeout', 'The request did not arrive in the time allowed.') };
    default:
      return { status: '400 Bad Request', error: new AppError('validation_failed', 'This is not a well-formed HTTP/1.1 request.') };
  }
}
