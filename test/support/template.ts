import { openCluster } from '../../src/database/cluster.js';
import { migrateHouse } from '../../src/migrate-house.js';
import type { Configuration } from '../../src/config/env.js';
import { ENGINE, TEMPLATE_DATABASE, TEMPLATE_FOLDER, TEST_SECRET, testConfiguration } from './engine.js';
import { clearServer, createEmptyDatabase, createMigrator, migratorUrl } from './postgres-server.js';
import { TEST_HOUSE } from './test-house.js';

export async function makeTemplate(): Promise<void> {
  if (ENGINE === 'postgres') {
    await clearServer();
    await createMigrator();
    await createEmptyDatabase(TEMPLATE_DATABASE);
  }
  await migrateTestHouse(configurationOf(ENGINE === 'postgres' ? migratorUrl(TEMPLATE_DATABASE) : undefined, TEMPLATE_FOLDER));
}

export function configurationOf(url: string | undefined, dataDir: string): Configuration {
  return url === undefined
    ? testConfiguration({ NAGAYA_DATA_DIR: dataDir, MIGRATE_ON_START: 'false' })
    : testConfiguration({ DATABASE_URL: url, NAGAYA_ROLE_SECRET: TEST_SECRET });
}

/** Migrates all products; what a clone has lost (the database's ACL, role settings) comes back with it. */
export async function migrateTestHouse(configuration: Configuration): Promise<void> {
  const cluster = await openCluster(configuration, { purpose: 'serve' });
  try {
    const report = await migrateHouse(cluster, TEST_HOUSE, { roleConnectionLimit: configuration.roleConnectionLimit });
    const failed = report.schemas.find((outcome) => outcome.error !== undefined);
    if (failed) throw failed.error;
  } finally {
    await cluster.close();
  }
}
