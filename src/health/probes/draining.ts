import { Injectable } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../../errors/app-error.js';

/** While one process ends another is there, or will be. */
const RETRY_AFTER_SECONDS = 1;
const PROBE = /^\/health\//;

/**
 * The time between being told to end and ending: what has begun is answered, nothing new is begun, and the probes say so.
 * The door is closed only afterwards, because a probe that finds it closed can't be told from a process that hangs.
 */
@Injectable()
export class Draining {
  private begun = false;
  private atWork = 0;
  private onIdle: (() => void) | undefined;

  get hasBegun(): boolean {
    return this.begun;
  }

  /** Has to come before whatever asks the database: a process that ends asks nobody any more. */
  watch(fastify: FastifyInstance): void {
    fastify.addHook('onRequest', (request, reply, done) => {
      if (isProbe(request)) return done();
      if (this.begun) {
        return done(new AppError('unavailable', 'This process is ending and takes nothing new. Try again; another one will answer.', { retryAfter: RETRY_AFTER_SECONDS }));
      }
      this.atWork++;
      // `close` comes once however the request ends.
      reply.raw.once('close', () => this.ended());
      done();
    });
    // A connection that is kept alive would bring its next request here too.
    fastify.addHook('onSend', (_request, reply, payload, done) => {
      if (this.begun) void reply.header('connection', 'close');
      done(null, payload);
    });
  }

  /** Ends when all that had begun is answered. */
  async begin(): Promise<void> {
    this.begun = true;
    if (this.atWork > 0) await new Promise<void>((resolve) => (this.onIdle = resolve));
  }

  private ended(): void {
    this.atWork--;
    if (this.atWork === 0) this.onIdle?.();
  }
}

function isProbe(request: FastifyRequest): boolean {
  return PROBE.test(request.routeOptions.url ?? '');
}
