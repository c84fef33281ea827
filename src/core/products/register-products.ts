import type { Queryable } from '../../database/admin-connection.js';
import type { ProductManifest } from '../../database/manifest.js';

/** Writes down which products there are; safe to repeat. A product's status is the operators' and stays. */
export async function registerProducts(control: Queryable, products: readonly ProductManifest[]): Promise<void> {
  await control.query(
    `INSERT INTO core.products AS p (id, title)
     SELECT * FROM unnest($1::varchar[], $2::varchar[])
         ON CONFLICT (id) DO UPDATE SET title = excluded.title WHERE p.title <> excluded.title`,
    [products.map((product) => product.id), products.map((product) => product.title)],
  );
}
