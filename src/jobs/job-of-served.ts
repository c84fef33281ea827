import { createHash } from 'node:crypto';
import type { Databases } from '../database/databases.js';

/**
 * The name of a job that each process does for the products that it serves: where two serve different ones, each looks after its own, and a
 * claim by one must not keep the other from it.
 */
export function jobOfServed(name: string, products: readonly string[], databases: Databases): string {
  const served = products.filter((id) => databases.serves(id));
  return served.length === products.length ? name : `${name}:${createHash('sha256').update(served.join()).digest('hex').slice(0, 16)}`;
}
