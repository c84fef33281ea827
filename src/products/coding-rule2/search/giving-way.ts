import { setImmediate as othersTurn } from 'node:timers/promises';

/** So long a search may hold up everything else that the process does, ms. */
const AT_MOST_MS = 3;

/** Lets others be served in the midst of long work. */
export class GivingWay {
  private since = performance.now();

  /** To be asked before each step of the work: lets others go first where this one has had its time. */
  async next(): Promise<void> {
    if (performance.now() - this.since < AT_MOST_MS) return;
    await othersTurn();
    this.since = performance.now();
  }
}
