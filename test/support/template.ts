import { openCluster } from '../../src/database/cluster.js';
import { migrateHouse } from '../../src/migrate-house.js';
import type { Configuration } from '../../src/config/env.js';
import { ENGINE, servingUrl, TEMPLATE_DATABASE, TEMPLATE_FOLDER, TEST_SECRET, testConfiguration } from './engine.js';
import { clearServer, createEmptyDatabase, createMigrator, migratorUrl } from './postgres-server.js';
import { TEST_HOUSE } from './test-house.js';

export async function makeTemplate(): Promise<void> {
  if (ENGINE === 'postgres') {
    await clearServer();
    await createMigrator();
    await createEmptyDatabase(TEMPLATE_DATABASE);
  }
  await migrateTestHouse(ENGINE === 'postgres' ? configurationOfServer(migratorUrl(TEMPLATE_DATABASE)) : configurationOfFolder(TEMPLATE_FOLDER));
}

export function configurationOfFolder(dataDir: string): Configuration {
  return testConfiguration({ NAGAYA_DATA_DIR: dataDir, MIGRATE_ON_START: 'false' });
}

/** Behind a pooler the migrator, whose URL this takes, goes past it, as the documentation says; otherwise one URL serves as both. */
export function configurationOfServer(admin: string): Configuration {
  const serving = servingUrl(new URL(admin).pathname.slice(1));
  const urls: Record<string, string> = serving === undefined ? { DATABASE_URL: admin } : { DATABASE_URL: serving, DATABASE_ADMIN_URL: admin };
  return testConfiguration({ ...urls, NAGAYA_ROLE_SECRET: TEST_SECRET });
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
