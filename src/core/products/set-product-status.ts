import type { ProductStatus } from '../../auth/product-status.js';
import type { Queryable } from '../../database/admin-connection.js';
import { AppError, notFound } from '../../errors/app-error.js';
import type { Product } from './product.entity.js';

export const PRODUCT_COLUMNS = 'id, title, status, created_at AS "createdAt", archived_at AS "archivedAt", drop_after AS "dropAfter"';

/**
 * Takes a product out of service or brings it back; its data is untouched.
 * @throws AppError `not_found`, or `conflict` for an archived product, which only restore-archive brings back
 */
export async function setProductStatus(control: Queryable, id: string, status: ProductStatus): Promise<Product> {
  const [row] = await control.query<Product>(`UPDATE core.products SET status = $2 WHERE id = $1 AND status <> 'archived' RETURNING ${PRODUCT_COLUMNS}`, [id, status]);
  if (row !== undefined) return row;
  const [archived] = await control.query('SELECT 1 FROM core.products WHERE id = $1', [id]);
  if (archived === undefined) throw notFound();
  throw new AppError('conflict', 'This product is archived. Bring it back first: nagaya product restore-archive.');
}
