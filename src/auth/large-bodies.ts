import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { HeavyWork } from '../database/heavy-work.js';
import { holderOf, type Turns } from './turns.js';

/** Bodies from this size on have to wait: parsing one takes this thread, and storing it the database, for a millisecond and more. Bytes. */
const LARGE = 64 * 1024;

/**
 * Large bodies that have arrived are worked on, from parsing to the answer, as the heavy work that they are, and each is parsed in a turn
 * of its own. A slow sender keeps nobody waiting: what it has not sent yet takes no place.
 */
export class LargeBodies {
  private readonly atWork = new Map<FastifyRequest, () => void>();

  constructor(
    private readonly turns: Turns,
    private readonly heavy: HeavyWork,
  ) {}

  /** @returns resolves when the body may be parsed; undefined for at once */
  whenToParse(request: FastifyRequest, bytes: number): Promise<void> | undefined {
    return bytes < LARGE || request.principal === undefined ? undefined : this.begin(request, holderOf(request.principal));
  }

  /** What has its answer is no longer at work, however long the client takes to read it. */
  watchAnswers(fastify: FastifyInstance): void {
    fastify.addHook('onSend', (request, _reply, payload, done) => {
      const leave = this.atWork.get(request);
      if (leave !== undefined) {
        this.atWork.delete(request);
        leave();
      }
      done(null, payload);
    });
  }

  private async begin(request: FastifyRequest, holder: string): Promise<void> {
    this.atWork.set(request, await this.heavy.enter(holder));
    return new Promise((resolve) => this.turns.work(holder, resolve));
  }
}
