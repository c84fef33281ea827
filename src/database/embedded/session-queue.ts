import type { ErrorFields } from './wire/backend-messages.js';

/** Who wants the session. All of these are called from the queue, never while the claimant itself calls it, but for `granted`. */
export interface Claimant {
  granted(): void;
  /** Waited too long for others' transactions; the claim is withdrawn. `seconds` is how long. */
  expired(seconds: number): void;
  /** Holds the session, does nothing with it, and others wait. */
  overstayed(): void;
}

interface Since {
  readonly at: number;
  readonly busyMs: number;
}

export interface QueueLimits {
  /** Waiting behind open transactions, not counting the time in which the engine works. */
  readonly waitingMs: number;
  /** Idle in a transaction while others wait. Longer than the waiting limit, so that the error which says what is wrong comes first. */
  readonly idleInTransactionMs: number;
}

/**
 * Gives the one session to one claimant at a time, first come first served. The holder keeps it until it releases it.
 * What counts as waiting is only time in which the engine stood idle, that is, in which a holder sat on an open
 * transaction: behind a statement that takes minutes everybody simply waits, as for a slow server.
 */
export class SessionQueue {
  private holder: Claimant | undefined;
  private holderIdle: Since = { at: 0, busyMs: 0 };
  private readonly waiting = new Map<Claimant, Since>();
  private watch: NodeJS.Timeout | undefined;

  constructor(
    private readonly limits: QueueLimits,
    /** Milliseconds the engine has worked so far. */
    private readonly busyMs: () => number,
  ) {}

  get isFree(): boolean {
    return this.holder === undefined && this.waiting.size === 0;
  }

  /** Calls `granted` at once where the session is free. */
  claim(claimant: Claimant): void {
    if (this.isFree) {
      this.grant(claimant);
      return;
    }
    this.waiting.set(claimant, this.now());
    this.watch ??= setInterval(() => this.check(), 1_000).unref();
  }

  /** The holder is at work: it has not overstayed. */
  touch(): void {
    this.holderIdle = this.now();
  }

  /** For a claimant that is gone. Says whether it was the holder; if so, the session must be cleaned up and released. */
  withdraw(claimant: Claimant): 'holder' | 'waiting' {
    if (this.holder === claimant) return 'holder';
    this.waiting.delete(claimant);
    return 'waiting';
  }

  release(claimant: Claimant): void {
    if (this.holder !== claimant) throw new Error('Only the holder can release the session.');
    this.holder = undefined;
    // Not at once: between two batches the sockets get their turn.
    if (this.waiting.size > 0) setImmediate(() => this.grantNext());
    else this.stopWatch();
  }

  private grantNext(): void {
    const [next] = this.waiting.keys();
    if (this.holder !== undefined || next === undefined) return;
    this.waiting.delete(next);
    this.grant(next);
  }

  private grant(claimant: Claimant): void {
    this.holder = claimant;
    this.touch();
    claimant.granted();
  }

  private check(): void {
    for (const [claimant, since] of this.waiting) {
      const waited = this.idleSince(since);
      if (waited < this.limits.waitingMs) continue;
      this.waiting.delete(claimant);
      claimant.expired(Math.round(waited / 1_000));
    }
    if (this.waiting.size === 0) this.stopWatch();
    else if (this.idleSince(this.holderIdle) >= this.limits.idleInTransactionMs) this.holder?.overstayed();
  }

  private stopWatch(): void {
    clearInterval(this.watch);
    this.watch = undefined;
  }

  private now(): Since {
    return { at: performance.now(), busyMs: this.busyMs() };
  }

  private idleSince(since: Since): number {
    return performance.now() - since.at - (this.busyMs() - since.busyMs);
  }
}

/** Which rule was broken, for who has waited that long. */
export function waitedTooLong(seconds: number): Omit<ErrorFields, 'severity'> {
  return {
    code: '55P03',
    message: `the embedded database has one session, and another connection has kept it in an open transaction for ${seconds} s`,
    hint: 'Inside a transaction use its own connection only, never wait there for a second one, and keep it short.',
  };
}
