import { AsyncLocalStorage } from 'node:async_hooks';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { STATEMENT_BEGINS, STATEMENT_ENDS, type Statement } from '../database/statement-channel.js';
import { productIdOf } from '../http/logging.js';
import type { SpanRecorder } from './span-recorder.js';
import { readTraceParent } from './traceparent.js';

/** Asked all the time, and of no interest. */
const UNTRACED = /^\/(health|metrics)(\/|$)/;

/**
 * Takes on the trace that a caller is in: its id goes into every line of the log about the request. With a recorder, the
 * request is a span of that trace, and the statements that are run for it are spans below.
 * Comes before every other hook, so that a request that one of those refuses is traced too.
 * @returns stops listening
 */
export function traceRequests(fastify: FastifyInstance, recorder?: SpanRecorder<unknown>): () => void {
  const current = new AsyncLocalStorage<{ readonly span: unknown }>();
  const traced = new WeakMap<FastifyRequest, { readonly span: unknown }>();
  fastify.addHook('onRequest', (request, reply, done) => {
    const parent = readTraceParent(request.headers.traceparent);
    const span = recorder === undefined || UNTRACED.test(request.routeOptions.url ?? '') ? undefined : recorder.beginRequest(request.method, parent);
    const traceId = recorder !== undefined && span !== undefined ? recorder.traceIdOf(span) : parent?.traceId;
    if (traceId !== undefined) request.log = reply.log = request.log.child({ traceId });
    if (recorder === undefined || span === undefined) return done();
    const trace = { span };
    traced.set(request, trace);
    reply.raw.once('close', () => {
      const route = request.routeOptions.url;
      recorder.endRequest(span, { method: request.method, route, status: reply.statusCode, requestId: request.id, productId: productIdOf(request, route), aborted: !reply.raw.writableFinished });
    });
    return current.run(trace, done);
  });
  if (recorder === undefined) return () => {};
  // The body is read in the socket's context; what comes after it has to be told again whose it is.
  fastify.addHook('preValidation', (request, _reply, done) => {
    const trace = traced.get(request);
    if (trace === undefined) done();
    else current.run(trace, done);
  });
  const begins = (message: unknown): void => {
    const parent = current.getStore();
    const statement = message as Statement;
    if (parent !== undefined) statement.watched = recorder.beginStatement(parent.span, statement);
  };
  const ends = (message: unknown): void => {
    const { watched, error } = message as Statement;
    if (watched !== undefined) recorder.endStatement(watched, error);
  };
  STATEMENT_BEGINS.subscribe(begins);
  STATEMENT_ENDS.subscribe(ends);
  return () => {
    STATEMENT_BEGINS.unsubscribe(begins);
    STATEMENT_ENDS.unsubscribe(ends);
  };
}
