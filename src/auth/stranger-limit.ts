import { AppError } from '../errors/app-error.js';

const WINDOW_MS = 60_000;
/** Wrong keys a minute and address. A person mistypes a few, a script with an old key tries some; guessing needs 2^256. */
const MAX_STRANGERS = 120;
/** Addresses remembered at once; with more of them than this, counting each would cost more than it saves. */
const MAX_ADDRESSES = 10_000;

/**
 * Keys that look right and open nothing cost a look-up each. So many a minute come through from one address, then none
 * that has not opened something before: who holds a working key is not shut out by a neighbour behind the same proxy.
 */
export class StrangerLimit {
  private counts = new Map<string, number>();
  private windowEnd = 0;

  /** @throws AppError `rate_limited` */
  check(address: string): void {
    const now = performance.now();
    if (now >= this.windowEnd) {
      this.counts = new Map();
      this.windowEnd = now + WINDOW_MS;
    }
    if ((this.counts.get(address) ?? 0) < MAX_STRANGERS) return;
    throw new AppError('rate_limited', 'Too many keys that open nothing came from this address. Wait, and check the key.', {
      retryAfter: Math.ceil((this.windowEnd - now) / 1_000),
    });
  }

  note(address: string): void {
    if (this.counts.size >= MAX_ADDRESSES) this.counts.clear();
    this.counts.set(address, (this.counts.get(address) ?? 0) + 1);
  }
}
