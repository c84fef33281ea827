import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import './principal.js';

/** Bodies up to this size are not counted: a thousand of them are no load, bytes. */
const SMALL = 64 * 1024;
/** How many of the largest bodies may be at work at once. Parsed, one takes up to ten times its size: seen, 300 MB for 31 MiB of numbers. */
const LARGEST_AT_ONCE = 4;

/** Bytes of bodies at work, of all holders together and of each. */
class BodyBudget {
  private readonly takenBy = new Map<string, number>();

  constructor(private readonly whole: number) {}

  /** @throws AppError `unavailable` where the whole, or one holder's half of it, is used up */
  take(holder: string, bytes: number): void {
    const all = [...this.takenBy.values()].reduce((sum, taken) => sum + taken, 0);
    const own = this.takenBy.get(holder) ?? 0;
    if (own + bytes > this.whole / 2 || all + bytes > this.whole) {
      throw new AppError('unavailable', 'Too many large bodies are being read at the moment. Send this one again shortly.', { retryAfter: 1 });
    }
    this.takenBy.set(holder, own + bytes);
  }

  giveBack(holder: string, bytes: number): void {
    const left = (this.takenBy.get(holder) ?? 0) - bytes;
    if (left > 0) this.takenBy.set(holder, left);
    else this.takenBy.delete(holder);
  }
}

/**
 * Bounds the memory that bodies take together: each that is large has its length set aside from before it is read until
 * it is answered, half of the whole at most for one product's keys, so that a slow or greedy one leaves room for the others.
 * A body that does not say how long it is counts as it comes. Comes after authentication.
 * @param bodyLimit the largest body, bytes
 */
export function limitBodies(fastify: FastifyInstance, bodyLimit: number): void {
  const budget = new BodyBudget(bodyLimit * LARGEST_AT_ONCE);
  fastify.addHook('preParsing', (request, reply, payload, done) => {
    const { headers, principal } = request;
    const holder = principal?.productId ?? '';
    let taken = 0;
    const take = (bytes: number): AppError | null => {
      try {
        budget.take(holder, bytes);
      } catch (error) {
        return error as AppError;
      }
      // Once, however the request ends.
      if (taken === 0) reply.raw.once('close', () => budget.giveBack(holder, taken));
      taken += bytes;
      return null;
    };
    if (headers['transfer-encoding'] !== undefined) {
      // Listened to and not piped: what is refused flows on to its end, where a pipe would stop and hold the connection.
      let received = 0;
      const count = (chunk: Buffer): void => {
        received += chunk.length;
        const refusal = received <= SMALL ? null : take(received - taken);
        if (refusal === null) return;
        payload.off('data', count);
        payload.emit('error', refusal);
      };
      payload.on('data', count);
      return done(null, payload);
    }
    // One that says more than is allowed is refused elsewhere, before it is read.
    const bytes = Math.min(Number(headers['content-length'] ?? 0), bodyLimit);
    return done(bytes <= SMALL ? null : take(bytes), payload);
  });
}
