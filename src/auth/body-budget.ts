import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../errors/app-error.js';
import './principal.js';

/** Bodies up to this size are not counted: a thousand of them are no load, bytes. */
const SMALL = 64 * 1024;
/** How many of the largest bodies may be at work at once; parsed, one takes several times its size. */
const LARGEST_AT_ONCE = 8;

/**
 * Bounds the memory that bodies take together: each that is large has its length set aside from before it is read until
 * it is answered, half of the whole at most for one product's keys, so that a slow or greedy one leaves room for the others.
 * Comes after authentication.
 * @param bodyLimit the largest body, bytes
 */
export function limitBodies(fastify: FastifyInstance, bodyLimit: number): void {
  const whole = bodyLimit * LARGEST_AT_ONCE;
  const takenBy = new Map<string, number>();
  const taken = (): number => [...takenBy.values()].reduce((sum, bytes) => sum + bytes, 0);
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const bytes = lengthOf(request, bodyLimit);
    const holder = request.principal?.productId ?? '';
    const held = takenBy.get(holder) ?? 0;
    if (bytes <= SMALL) return done(null, payload);
    if (held + bytes > whole / 2 || taken() + bytes > whole) {
      return done(new AppError('unavailable', 'Too many large bodies are being read at the moment. Send this one again shortly.', { retryAfter: 1 }));
    }
    takenBy.set(holder, held + bytes);
    // Once, however the request ends.
    reply.raw.once('close', () => {
      const left = (takenBy.get(holder) ?? 0) - bytes;
      if (left > 0) takenBy.set(holder, left);
      else takenBy.delete(holder);
    });
    return done(null, payload);
  });
}

/** A body that does not say how long it is may be as long as is allowed; one that says too much is refused elsewhere. */
function lengthOf({ headers }: FastifyRequest, bodyLimit: number): number {
  if (headers['transfer-encoding'] !== undefined) return bodyLimit;
  return Math.min(Number(headers['content-length'] ?? 0), bodyLimit);
}
