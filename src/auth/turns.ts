import type { FastifyInstance } from 'fastify';
import { AppError } from '../errors/app-error.js';
import './principal.js';

/** Requests of one holder that begin in one turn of the event loop: more make the others wait longer, fewer cost the holder who is alone. */
const PER_TURN = 2;
/** Requests of one holder that may wait; what comes then is told at once to come again. They wait for milliseconds each. */
const LONGEST_LINE = 1_000;

/**
 * This process has one thread, and whoever sends most would have most of it: two hundred requests that arrive together are
 * begun together, and the neighbour's next one waits for all of them. So in each turn of the event loop each holder
 * begins a few, the others stand in its own line, and the lines are served side by side.
 */
export class Turns {
  private begun = new Map<string, number>();
  private readonly lines = new Map<string, (() => void)[]>();
  private isTurnComing = false;

  /**
   * Calls `begin`, now or in a later turn.
   * @throws AppError `unavailable` where the holder's line is full
   */
  enter(holder: string, begin: () => void): void {
    this.expectTurn();
    const line = this.lines.get(holder);
    if (line === undefined) {
      const begun = this.begun.get(holder) ?? 0;
      if (begun >= PER_TURN) this.lines.set(holder, [begin]);
      else {
        this.begun.set(holder, begun + 1);
        begin();
      }
      return;
    }
    if (line.length >= LONGEST_LINE) throw new AppError('unavailable', 'Too many requests of this product are waiting already. Send fewer at once, and this one again in a moment.', { retryAfter: 1 });
    line.push(begin);
  }

  private expectTurn(): void {
    if (this.isTurnComing) return;
    this.isTurnComing = true;
    // After everything that has arrived by now was looked at: answers of the database among it.
    setImmediate(() => this.turn());
  }

  private turn(): void {
    this.isTurnComing = false;
    if (this.begun.size === 0) return;
    this.begun = new Map();
    for (const [holder, line] of this.lines) {
      const next = line.splice(0, PER_TURN);
      if (line.length === 0) this.lines.delete(holder);
      this.begun.set(holder, next.length);
      for (const begin of next) begin();
    }
    // Also where nobody waits: what has begun in this turn no longer counts in the next.
    if (this.begun.size > 0) this.expectTurn();
  }
}

/** Each product's requests, and those of operators together, in turns. Comes after authentication and before the body is read. */
export function takeTurns(fastify: FastifyInstance): void {
  const turns = new Turns();
  fastify.addHook('preParsing', ({ principal }, _reply, payload, done) => {
    // The probes and the figures wait for nobody.
    if (principal === undefined) return done(null, payload);
    try {
      turns.enter(principal.productId ?? '', () => done(null, payload));
    } catch (error) {
      done(error as AppError);
    }
  });
}
