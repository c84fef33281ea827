import { withAdmin } from './database/admin-connection.js';
import { withoutArchived } from './database/archived-schemas.js';
import { registerProducts } from './core/products/register-products.js';
import { requireAdminUrl, type Cluster } from './database/cluster.js';
import { Databases } from './database/databases.js';
import { migrate, type House, type MigrateOptions, type MigrationReport } from './database/migrator.js';
import { makePartitions } from './database/partitions.js';

/**
 * Migrates, then does what takes the migrated tables: writes down which products there are, makes the first partitions.
 * Archived products are left as they are.
 */
export async function migrateHouse(cluster: Cluster, whole: House, options: MigrateOptions): Promise<MigrationReport> {
  const house = await withAdmin(requireAdminUrl(cluster), (admin) => withoutArchived(admin, whole));
  const isLeft = (schema: string) => house.products.some(({ id }) => id === schema) || !whole.products.some(({ id }) => id === schema);
  const report = await migrate(cluster, house, { ...options, ...(options.schemas && { schemas: options.schemas.filter(isLeft) }) });
  const isWhole = report.schemas.every((outcome) => outcome.error === undefined || house.products.some((product) => product.id === outcome.schema));
  const isShared = house.shared.every((manifest) => options.schemas?.includes(manifest.id) ?? true);
  if (!isWhole || !isShared) return report;
  const databases = new Databases(cluster, house, [], { poolMax: 1, maxConnections: 1 });
  try {
    options.onProgress?.('partitions');
    await registerProducts(databases.control, house.products);
    await makePartitions(databases.control);
  } finally {
    await databases.close();
  }
  return report;
}
