import { AppError } from '../errors/app-error.js';

interface Waiter {
  grant: () => void;
  timer: NodeJS.Timeout;
}

export interface Reservation {
  readonly pool: string;
  readonly places: number;
}

/**
 * Who waits holds a request, its body and its socket: with so many before it, nobody would get a connection in time, and is told
 * so at once.
 */
const LONGEST_LINE = 1_000;

/** Gives back what `acquire` gave; calling it again does nothing. */
export type ReleaseSlot = () => void;

/**
 * A cap on the connections that all pools of this process have at work together, and on those of each. Who finds a
 * cap reached waits in the line of its own pool, and the lines are served in turn, so that one busy product can't keep
 * the others out: it holds no more than its pool can use, and who waits for it holds nothing.
 */
export class ConnectionBudget {
  private readonly usedBy = new Map<string, number>();
  private used = 0;
  /** Pools with somebody waiting; the next in turn stands first. */
  private readonly lines = new Map<string, Waiter[]>();

  /**
   * @param size most connections at work in all pools together
   * @param poolMax most connections at work in one pool
   * @param reserved places that only one pool may take: what everybody needs (whose key is this?) must not wait behind everybody
   */
  constructor(
    readonly size: number,
    private readonly poolMax = size,
    private readonly reserved: Reservation = { pool: '', places: 0 },
  ) {}

  get inUse(): number {
    return this.used;
  }

  get waiting(): number {
    return [...this.lines.values()].reduce((sum, line) => sum + line.length, 0);
  }

  waitingFor(pool: string): number {
    return this.lines.get(pool)?.length ?? 0;
  }

  /** @throws AppError `unavailable` after `timeoutMs`, or at once where too many are waiting for this pool already */
  async acquire(pool: string, timeoutMs: number): Promise<ReleaseSlot> {
    const free = this.tryAcquire(pool);
    if (free !== undefined) return free;
    await this.waitInLine(pool, timeoutMs);
    return this.slotOf(pool);
  }

  /** A place that is free now; undefined where there is none. */
  tryAcquire(pool: string): ReleaseSlot | undefined {
    if (!this.isFreeFor(pool)) return undefined;
    this.take(pool);
    return this.slotOf(pool);
  }

  private slotOf(pool: string): ReleaseSlot {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.giveBack(pool);
      this.serveNext();
    };
  }

  private isFreeFor(pool: string): boolean {
    const { pool: favoured, places } = this.reserved;
    const kept = pool === favoured ? 0 : Math.max(0, places - (this.usedBy.get(favoured) ?? 0));
    return this.inUse + kept < this.size && (this.usedBy.get(pool) ?? 0) < this.poolMax;
  }

  private take(pool: string): void {
    this.used++;
    this.usedBy.set(pool, (this.usedBy.get(pool) ?? 0) + 1);
  }

  private giveBack(pool: string): void {
    this.used--;
    const left = (this.usedBy.get(pool) ?? 0) - 1;
    if (left > 0) this.usedBy.set(pool, left);
    else this.usedBy.delete(pool);
  }

  private waitInLine(pool: string, timeoutMs: number): Promise<void> {
    const line = this.lines.get(pool) ?? [];
    if (line.length >= LONGEST_LINE) return Promise.reject(allBusy());
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        grant: resolve,
        timer: setTimeout(() => {
          line.splice(line.indexOf(waiter), 1);
          if (line.length === 0) this.lines.delete(pool);
          reject(allBusy());
        }, timeoutMs),
      };
      line.push(waiter);
      this.lines.set(pool, line);
    });
  }

  /** Gives the free slot to the first line that may have it, which then goes to the end. */
  private serveNext(): void {
    for (const [pool, line] of this.lines) {
      if (!this.isFreeFor(pool)) continue;
      const waiter = line.shift();
      this.lines.delete(pool);
      if (line.length > 0) this.lines.set(pool, line);
      if (waiter === undefined) continue;
      clearTimeout(waiter.timer);
      this.take(pool);
      waiter.grant();
      return;
    }
  }
}

function allBusy(): AppError {
  return new AppError('unavailable', 'All database connections are busy. Try again in a moment.', { retryAfter: 1 });
}
