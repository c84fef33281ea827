import type { Queryable } from '../database/admin-connection.js';

/**
 * The product's row in a shared table of the canary's own: with it each product has something among the shared rows that its neighbours
 * can try to read, also one that has never written an event or seen a worker.
 */
export async function keepSentinelRow(product: Queryable, id: string): Promise<void> {
  await product.query(
    `INSERT INTO monitoring.sentinels (product_id) VALUES ($1)
     ON CONFLICT (product_id) DO UPDATE SET kept_at = clock_timestamp()`,
    [id],
  );
}
