import { registerProducts } from './core/products/register-products.js';
import type { Cluster } from './database/cluster.js';
import { Databases } from './database/databases.js';
import { migrate, type House, type MigrateOptions, type MigrationReport } from './database/migrator.js';
import { makePartitions } from './database/partitions.js';

/** Migrates, then does what takes the migrated tables: writes down which products there are, makes the first partitions. */
export async function migrateHouse(cluster: Cluster, house: House, options: MigrateOptions): Promise<MigrationReport> {
  const report = await migrate(cluster, house, options);
  const isWhole = report.schemas.every((outcome) => outcome.error === undefined || house.products.some((product) => product.id === outcome.schema));
  if (!isWhole || options.schemas !== undefined) return report;
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
