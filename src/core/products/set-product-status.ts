import type { ProductStatus } from '../../auth/product-status.js';
import type { Queryable } from '../../database/admin-connection.js';
import { notFound } from '../../errors/app-error.js';
import type { Product } from './product.entity.js';

export const PRODUCT_COLUMNS = 'id, title, status, created_at AS "createdAt"';

/** Takes a product out of service or brings it back; its data is untouched. @throws AppError `not_found` */
export async function setProductStatus(control: Queryable, id: string, status: ProductStatus): Promise<Product> {
  const [row] = await control.query<Product>(`UPDATE core.products SET status = $2 WHERE id = $1 RETURNING ${PRODUCT_COLUMNS}`, [id, status]);
  if (row === undefined) throw notFound();
  return row;
}
