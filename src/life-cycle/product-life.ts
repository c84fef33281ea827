import type { Product } from '../core/products/product.entity.js';
import { PRODUCT_COLUMNS } from '../core/products/set-product-status.js';
import { withAdmin } from '../database/admin-connection.js';
import { requireAdminUrl, type Cluster } from '../database/cluster.js';
import type { Databases } from '../database/databases.js';
import type { House } from '../database/migrator.js';
import { AppError } from '../errors/app-error.js';
import { bringSchemaBack, putSchemaAway } from './archive-product.js';
import { dropSchemaAndRole, forgetProduct } from './drop-product.js';

export interface LifeContext {
  readonly cluster: Cluster;
  readonly databases: Databases;
  readonly house: House;
}

/** What has to be done for a product before its schema is put away; a failure leaves it in service. */
export type BeforeArchive = (id: string) => Promise<void>;

/**
 * Takes a product out of service for good, but for a time in which it can come back: its API answers 403
 * `product_archived`, its schema is renamed, its login shut. Safe to repeat; the first time's period stays.
 * @param graceDays how long at least it can be brought back
 * @throws AppError `not_found`
 */
export async function archiveProduct(context: LifeContext, id: string, graceDays: number, before: BeforeArchive): Promise<Product> {
  const { databases, cluster } = context;
  const known = await readProduct(context, id);
  if (known.status !== 'archived') await before(id);
  // The status first: it stops requests everywhere within two seconds. What is cut off after it is finished by the next try.
  const [archived] = await databases.control.query<Product>(
    `UPDATE core.products
        SET status = 'archived', archived_at = coalesce(archived_at, clock_timestamp()),
            drop_after = coalesce(drop_after, clock_timestamp() + make_interval(days => $2))
      WHERE id = $1 RETURNING ${PRODUCT_COLUMNS}`,
    [id, graceDays],
  );
  await withAdmin(requireAdminUrl(cluster), (admin) => putSchemaAway(admin, id, cluster.roles.of(id)));
  return archived ?? known;
}

/**
 * Brings an archived product back. `migrate` makes its grants and its login right before requests are let in.
 * @throws AppError `conflict` for a product that is not archived, or whose code this release lacks
 */
export async function restoreArchive(context: LifeContext, id: string, migrate: () => Promise<void>): Promise<Product> {
  const { databases, cluster, house } = context;
  const known = await readProduct(context, id);
  if (known.status !== 'archived') throw new AppError('conflict', `The product "${id}" is ${known.status}, not archived: there is nothing to bring back.`);
  if (!house.products.some((product) => product.id === id)) {
    throw new AppError('conflict', `This release has no code for "${id}". Put it back into src/products/index.ts, or use the release that has it.`);
  }
  await withAdmin(requireAdminUrl(cluster), (admin) => bringSchemaBack(admin, id));
  await migrate();
  const [restored] = await databases.control.query<Product>(
    `UPDATE core.products SET status = 'active', archived_at = NULL, drop_after = NULL WHERE id = $1 RETURNING ${PRODUCT_COLUMNS}`,
    [id],
  );
  return restored ?? known;
}

/**
 * Ends an archived product: its schema, its role, its keys and what the shared tables hold of it. The audit log stays, and so do its backups.
 * @returns whether its role is gone too
 * @throws AppError `conflict` before the end of the period in which it can be brought back
 */
export async function dropProduct(context: LifeContext, id: string): Promise<boolean> {
  const { databases, cluster, house } = context;
  await assertDroppable(context, id);
  const roleGone = await withAdmin(requireAdminUrl(cluster), (admin) => dropSchemaAndRole(admin, id, cluster));
  await forgetProduct(databases.control, house, id);
  return roleGone;
}

async function assertDroppable(context: LifeContext, id: string): Promise<void> {
  const { status } = await readProduct(context, id);
  if (status !== 'archived') throw new AppError('conflict', `The product "${id}" is ${status}. Only an archived product can be dropped: nagaya product archive ${id}`);
  // By the database's clock, as when it was archived.
  const [due] = await context.databases.control.query<{ isOver: boolean; at: Date }>(
    `SELECT coalesce(drop_after, 'infinity') <= clock_timestamp() AS "isOver", drop_after AS at FROM core.products WHERE id = $1`,
    [id],
  );
  if (due?.isOver) return;
  throw new AppError('conflict', `The product "${id}" can be brought back until ${due?.at.toISOString() ?? 'further notice'}, and can't be dropped before. Until then: nagaya product restore-archive ${id}`);
}

async function readProduct({ databases }: LifeContext, id: string): Promise<Product> {
  const [product] = await databases.control.query<Product>(`SELECT ${PRODUCT_COLUMNS} FROM core.products WHERE id = $1`, [id]);
  if (product === undefined) throw new AppError('not_found', `There is no product "${id}". See: nagaya product list`);
  return product;
}
