import 'reflect-metadata';
import type { DataSource } from 'typeorm';
import { loadConfiguration } from './src/config/env.js';
import { withAdmin } from './src/database/admin-connection.js';
import { openCluster, requireAdminUrl } from './src/database/cluster.js';
import { migrationSource } from './src/database/migrations/migration-source.js';
import { findExtensionsSchema } from './src/database/migrator.js';
import { RoleNames } from './src/database/role-names.js';
import { houseOf } from './src/house.js';
import { PRODUCTS } from './src/products/index.js';

/**
 * The DataSource of TypeORM's command line. SCHEMA chooses which schema it works on, e.g.
 * `SCHEMA=coding_rule2 npm run typeorm -- migration:generate migrations/coding_rule2/add-tags`.
 */
async function chosenSource(): Promise<DataSource> {
  const house = houseOf(PRODUCTS);
  const manifests = [...house.shared, ...house.products];
  // oxlint-disable-next-line node/no-process-env -- names a schema to TypeORM's command line; Nagaya itself never reads it
  const schema = process.env['SCHEMA'];
  const manifest = manifests.find((candidate) => candidate.id === schema);
  if (manifest === undefined) {
    throw new Error(`Set SCHEMA to the schema to work on: ${manifests.map((candidate) => candidate.id).join(', ')}.`);
  }
  const cluster = await openCluster(loadConfiguration((prefix) => new RoleNames(prefix).logins(PRODUCTS)), { purpose: 'visit' });
  const adminUrl = requireAdminUrl(cluster);
  const source = await migrationSource(manifest, adminUrl, { owner: cluster.roles.owner, extensionsSchema: await withAdmin(adminUrl, findExtensionsSchema) });
  // Here standard output is TypeORM's: migration:show would show nothing.
  return source.setOptions({ logger: 'formatted-console', logging: ['error', 'warn', 'info', 'schema'] });
}

export default await chosenSource();
