import type { FastifyInstance } from 'fastify';
import { Attendance } from '../database/attendance.js';
import { AppError } from '../errors/app-error.js';
import type { Principal } from './principal.js';

/** Requests of one holder that begin in one turn of the event loop: more make the others wait longer, fewer cost the holder who is alone. */
const PER_TURN = 2;
/** Requests of one holder that may wait; what comes then is told at once to come again. They wait for milliseconds each. */
const LONGEST_LINE = 1_000;
/** How long a holder that has asked for something counts as being at work, milliseconds. */
const PRESENT_MS = 1_000;
/** The shortest rest between two turns of a holder who is not alone, milliseconds: what a few requests take from their first byte to their last. */
const SHORTEST_REST_MS = 1;

/** What moves time on. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  /** Runs a step when everything that has arrived by now was looked at, and after it whatever promises it settles. Steps run in the order given. */
  soon(step: () => void): void;
  later(ms: number, step: () => void): void;
}

const NODE: Clock = {
  now: () => performance.now(),
  soon: (step) => void setImmediate(step),
  later: (ms, step) => void setTimeout(step, ms),
};

/** Something that is to be begun, and how much of its holder's turn that is. */
interface Piece {
  readonly begin: () => void;
  readonly share: number;
}

/** What one holder has begun in its turn, and what waits for its next one. */
interface Line {
  readonly waiting: Piece[];
  begun: number;
  /** Time of this thread that this turn has taken, milliseconds. */
  spent: number;
}

/**
 * This process has one thread, and whoever sends most would have most of it: two hundred requests that arrive together are
 * begun together, and the neighbour's next one waits for all of them. So in each turn of the event loop each holder
 * begins a few, the others stand in its own line, and the lines are served side by side. While others are at work, a holder
 * rests after its turn for as long as that took, so that it has half of the thread at most, in pieces with gaps between them.
 */
export class Turns {
  private readonly lines = new Map<string, Line>();
  private readonly attendance = new Attendance(PRESENT_MS);

  constructor(private readonly clock: Clock = NODE) {}

  /**
   * Begins a request, now or in a later turn.
   * @throws AppError `unavailable` where the holder's line is full
   */
  enter(holder: string, begin: () => void): void {
    if ((this.lines.get(holder)?.waiting.length ?? 0) >= LONGEST_LINE) {
      throw new AppError('unavailable', 'Too many requests of this product are waiting already. Send fewer at once, and this one again in a moment.', { retryAfter: 1 });
    }
    this.attendance.note(holder, this.clock.now());
    this.take(holder, { begin, share: 1 });
  }

  /** Does what takes this thread for milliseconds, now or in a later turn. What it sets off is not awaited. */
  work(holder: string, begin: () => void): void {
    this.take(holder, { begin, share: PER_TURN });
  }

  private take(holder: string, piece: Piece): void {
    const line = this.lines.get(holder) ?? { waiting: [], begun: 0, spent: 0 };
    this.lines.set(holder, line);
    if (line.waiting.length > 0 || line.begun + piece.share > PER_TURN) line.waiting.push(piece);
    else this.begin(holder, line, [piece]);
  }

  private begin(holder: string, line: Line, pieces: readonly Piece[]): void {
    const isTurnNew = line.begun === 0;
    for (const { begin, share } of pieces) {
      line.begun += share;
      if (share < PER_TURN || !this.isContended(holder)) begin();
      else this.beginMeasured(line, begin);
    }
    if (isTurnNew) this.clock.soon(() => this.rest(holder, line));
  }

  /** The two steps run one after the other, with nothing between them but what the first one's promises do. */
  private beginMeasured(line: Line, begin: () => void): void {
    let began = 0;
    this.clock.soon(() => {
      began = this.clock.now();
      begin();
    });
    this.clock.soon(() => (line.spent += this.clock.now() - began));
  }

  private rest(holder: string, line: Line): void {
    if (this.isContended(holder)) this.clock.later(Math.max(SHORTEST_REST_MS, line.spent), () => this.turn(holder, line));
    else this.turn(holder, line);
  }

  private turn(holder: string, line: Line): void {
    line.begun = 0;
    line.spent = 0;
    const next: Piece[] = [];
    for (let room = PER_TURN; ; ) {
      const [piece] = line.waiting;
      if (piece === undefined || piece.share > room) break;
      room -= piece.share;
      next.push(piece);
      line.waiting.shift();
    }
    if (next.length === 0) this.lines.delete(holder);
    else this.begin(holder, line, next);
  }

  private isContended(holder: string): boolean {
    return this.attendance.isAnybodyBeside(holder, this.clock.now());
  }
}

/** Each product's requests, and those of operators together, in turns. Comes after authentication and before the body is read. */
export function takeTurns(fastify: FastifyInstance, turns: Turns, note: (productId: string) => void): void {
  fastify.addHook('preParsing', ({ principal }, _reply, payload, done) => {
    // The probes and the figures wait for nobody.
    if (principal === undefined) return done(null, payload);
    if (principal.productId !== null) note(principal.productId);
    try {
      turns.enter(holderOf(principal), () => done(null, payload));
    } catch (error) {
      done(error as AppError);
    }
  });
}

/** Whose turn it is: a product's, whoever asks for it with its keys, or the operators'. */
export function holderOf(principal: Principal): string {
  return principal.productId ?? '';
}
