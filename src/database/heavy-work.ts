import { AppError } from '../errors/app-error.js';
import { currentUnit } from './unit-of-work.js';

/** As long as for a connection: whoever waits does not tell which of the two it was. */
const TIMEOUT_MS = 5_000;
/** The longest pause after work that took long, milliseconds: it may have waited for a lock, which costs nobody anything. */
const LONGEST_PAUSE_MS = 100;
/** With so many before it, nobody would get a place in time, and is told so at once. */
const LONGEST_LINE = 1_000;

/** What moves time on. */
export interface Clock {
  /** Milliseconds. */
  now(): number;
  later(ms: number, step: () => void): void;
}

const NODE: Clock = {
  now: () => performance.now(),
  later: (ms, step) => void setTimeout(step, ms),
};

interface Waiter {
  readonly begin: () => void;
  readonly timer: NodeJS.Timeout;
}

/** What one product has at work, and what waits. */
interface Line {
  atWork: number;
  readonly waiting: Waiter[];
}

/**
 * Searches and summaries keep a processor of the database busy for as long as they take, and a pool full of them keeps all
 * of them busy, so that everybody's statements take many times as long. A product that is alone may have that. Beside
 * others at work it runs a few of them at a time, and the rest wait in a line of its own; other statements are not counted.
 * A place stays taken for as long again as the work took: so there are gaps, in which the others' statements run alone.
 */
export class HeavyWork {
  private readonly lines = new Map<string, Line>();

  /**
   * @param besideOthers how many of one product run at the same time while another is at work
   * @param isBesideOthers whether another product than this one is at work
   */
  constructor(
    private readonly besideOthers: number,
    private readonly isBesideOthers: (product: string) => boolean,
    private readonly clock: Clock = NODE,
  ) {}

  /** Does the work, now or when there is a place. @throws AppError as `enter` does */
  async run<T>(product: string, work: () => Promise<T>): Promise<T> {
    // Who is in a transaction holds a connection, and those at work may need one: it must not wait for them.
    if (currentUnit() !== undefined) return work();
    const leave = await this.enter(product);
    try {
      return await work();
    } finally {
      leave();
    }
  }

  /**
   * Takes a place, now or when one is free.
   * @returns gives it back; to be called once
   * @throws AppError `unavailable` after five seconds, or at once where too many are waiting already
   */
  async enter(product: string): Promise<() => void> {
    const line = this.lines.get(product) ?? { atWork: 0, waiting: [] };
    this.lines.set(product, line);
    if (this.isFree(product, line)) line.atWork++;
    else await waitIn(line);
    const began = this.clock.now();
    return () => {
      const leave = (): void => {
        line.atWork--;
        this.serveNext(product, line);
      };
      const pause = this.isBesideOthers(product) ? Math.min(this.clock.now() - began, LONGEST_PAUSE_MS) : 0;
      // A timer waits for a millisecond at least.
      if (pause < 1) leave();
      else this.clock.later(pause, leave);
    };
  }

  /** What of a product is at work now, rests included, and what waits. */
  stateOf(product: string): { active: number; waiting: number } {
    const line = this.lines.get(product);
    return { active: line?.atWork ?? 0, waiting: line?.waiting.length ?? 0 };
  }

  private isFree(product: string, line: Line): boolean {
    return line.atWork < this.besideOthers || (line.waiting.length === 0 && !this.isBesideOthers(product));
  }

  private serveNext(product: string, line: Line): void {
    const isAlone = !this.isBesideOthers(product);
    while (line.waiting.length > 0 && (isAlone || line.atWork < this.besideOthers)) {
      const next = line.waiting.shift()!;
      clearTimeout(next.timer);
      line.atWork++;
      next.begin();
    }
    if (line.atWork === 0 && line.waiting.length === 0) this.lines.delete(product);
  }
}

function waitIn(line: Line): Promise<void> {
  if (line.waiting.length >= LONGEST_LINE) return Promise.reject(tooMany());
  return new Promise((begin, reject) => {
    const waiter: Waiter = {
      begin,
      timer: setTimeout(() => {
        line.waiting.splice(line.waiting.indexOf(waiter), 1);
        reject(tooMany());
      }, TIMEOUT_MS),
    };
    line.waiting.push(waiter);
  });
}

function tooMany(): AppError {
  return new AppError('unavailable', 'Too many searches and summaries of this product are at work or waiting. Send fewer at once, and this one again in a moment.', { retryAfter: 1 });
}
