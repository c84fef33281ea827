import type { Queryable } from '../../database/admin-connection.js';
import { notFound } from '../../errors/app-error.js';

/** Null is no limit. Takes the place of what the manifest says. @throws AppError `not_found` */
export async function setProductQuota(control: Queryable, id: string, maxBytes: number | null, maxRows: number | null): Promise<void> {
  const rows = await control.query(
    `INSERT INTO core.product_quotas (product_id, max_bytes, max_rows)
     SELECT id, $2, $3 FROM core.products WHERE id = $1
         ON CONFLICT (product_id) DO UPDATE SET max_bytes = excluded.max_bytes, max_rows = excluded.max_rows, set_at = clock_timestamp()
     RETURNING product_id`,
    [id, maxBytes, maxRows],
  );
  if (rows.length === 0) throw notFound();
}
