import { setTimeout as sleep } from 'node:timers/promises';

/** Waits until `look` finds what it looks for. A test that waits for what never comes ends at Jest's time-out. */
export async function until<T>(look: () => T | Promise<T>): Promise<NonNullable<T>> {
  for (;;) {
    const found = await look();
    if (found) return found;
    await sleep(20);
  }
}
