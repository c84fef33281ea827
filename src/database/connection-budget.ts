import { AppError } from '../errors/app-error.js';

interface Waiter {
  grant: () => void;
  timer: NodeJS.Timeout;
}

/** Gives back what `acquire` gave; calling it again does nothing. */
export type ReleaseSlot = () => void;

/**
 * A cap on the connections that all pools of this process have at work together. Who finds it full waits in the
 * line of its own pool, and the lines are served in turn, so that one busy product can't keep the others out.
 */
export class ConnectionBudget {
  private used = 0;
  /** Pools with somebody waiting; the next in turn stands first. */
  private readonly lines = new Map<string, Waiter[]>();

  constructor(readonly size: number) {}

  get inUse(): number {
    return this.used;
  }

  get waiting(): number {
    return [...this.lines.values()].reduce((sum, line) => sum + line.length, 0);
  }

  /** @throws AppError `unavailable` after `timeoutMs` */
  async acquire(pool: string, timeoutMs: number): Promise<ReleaseSlot> {
    if (this.used < this.size) this.used++;
    else await this.waitInLine(pool, timeoutMs);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.pass();
    };
  }

  private waitInLine(pool: string, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const line = this.lines.get(pool) ?? [];
      const waiter: Waiter = {
        grant: resolve,
        timer: setTimeout(() => {
          line.splice(line.indexOf(waiter), 1);
          if (line.length === 0) this.lines.delete(pool);
          reject(new AppError('unavailable', 'All database connections are busy. Try again in a moment.', { retryAfter: 1 }));
        }, timeoutMs),
      };
      line.push(waiter);
      this.lines.set(pool, line);
    });
  }

  /** Hands the slot to the next line, which then goes to the end; without anybody waiting it is free. */
  private pass(): void {
    const [next] = this.lines;
    if (next === undefined) {
      this.used--;
      return;
    }
    const [pool, line] = next;
    const waiter = line.shift();
    this.lines.delete(pool);
    if (line.length > 0) this.lines.set(pool, line);
    if (waiter === undefined) return;
    clearTimeout(waiter.timer);
    waiter.grant();
  }
}
