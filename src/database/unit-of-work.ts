import { AsyncLocalStorage } from 'node:async_hooks';
import type { EntityManager } from 'typeorm';

/** A transaction, and the role it belongs to. */
export interface Unit {
  readonly role: string;
  readonly tx: EntityManager;
}

const units = new AsyncLocalStorage<Unit>();
const underWay = new Set<Unit>();

/** The unit of work that the caller is part of, if any. What outlives its unit is in none: that transaction is over. */
export function currentUnit(): Unit | undefined {
  const unit = units.getStore();
  return unit !== undefined && underWay.has(unit) ? unit : undefined;
}

/**
 * Runs `work`, and whatever it calls however deep down, as part of the unit. While a storage is in use, Node 20 follows every promise
 * of the process, which makes each request dearer by a tenth: so it is put away when the last unit is over.
 */
export async function runInUnit<T>(unit: Unit, work: () => Promise<T>): Promise<T> {
  underWay.add(unit);
  try {
    return await units.run(unit, work);
  } finally {
    underWay.delete(unit);
    if (underWay.size === 0) units.disable();
  }
}
