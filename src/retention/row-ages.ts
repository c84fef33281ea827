import type { Queryable } from '../database/admin-connection.js';
import type { ProductManifest, RowAge } from '../database/manifest.js';
import { AppError } from '../errors/app-error.js';

/** The longest that can be said, a hundred years. */
export const MAX_DAYS = 36_500;

/** How long a table's rows are kept just now, and who says so. */
export interface KeptFor extends RowAge {
  readonly saidBy: 'manifest' | 'operator';
}

/** What holds for each table of the products: what an operator has set, else what the manifest says. */
export async function readRowAges(control: Queryable, products: readonly ProductManifest[]): Promise<ReadonlyMap<string, readonly KeptFor[]>> {
  const set = await control.query<{ id: string; table: string; days: number | null }>(
    'SELECT product_id AS id, table_name AS table, days FROM core.product_retention WHERE product_id = ANY($1)',
    [products.map(({ id }) => id)],
  );
  const kept = ({ id, retention = [] }: ProductManifest): KeptFor[] =>
    retention.map((rule) => {
      const own = set.find((row) => row.id === id && row.table === rule.table);
      return own === undefined ? { ...rule, saidBy: 'manifest' } : { ...rule, days: own.days, saidBy: 'operator' };
    });
  return new Map(products.map((product) => [product.id, kept(product)]));
}

/** @throws AppError `validation_failed` for a table whose rows the manifest does not let grow old */
export function assertAging({ id, retention = [] }: ProductManifest, table: string): void {
  const known = retention.map((rule) => rule.table);
  if (known.includes(table)) return;
  throw new AppError('validation_failed', `Rows of "${table}" are never deleted by age: the manifest of ${id} names ${known.length === 0 ? 'no table' : known.join(', ')}.`);
}

/**
 * Takes the place of what the manifest says, from the next turn of the job on.
 * @param days null: for ever; undefined: as the manifest says again
 * @throws AppError `validation_failed` for a table whose rows the manifest does not let grow old, `not_found` for a product that is not here
 */
export async function setRowAge(control: Queryable, product: ProductManifest, table: string, days: number | null | undefined): Promise<void> {
  assertAging(product, table);
  if (days === undefined) {
    await control.query('DELETE FROM core.product_retention WHERE product_id = $1 AND table_name = $2', [product.id, table]);
    return;
  }
  const rows = await control.query(
    `INSERT INTO core.product_retention (product_id, table_name, days)
     SELECT id, $2, $3 FROM core.products WHERE id = $1
         ON CONFLICT (product_id, table_name) DO UPDATE SET days = excluded.days, set_at = clock_timestamp()
     RETURNING product_id`,
    [product.id, table, days],
  );
  if (rows.length === 0) throw new AppError('not_found', `There is no product "${product.id}" in this database yet. Run: nagaya migrate`);
}
