import { randomUUID } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Configuration } from '../../src/config/env.js';
import { openCluster, type Cluster } from '../../src/database/cluster.js';
import { Databases } from '../../src/database/databases.js';
import { ENGINE, TEMPLATE_DATABASE, TEMPLATE_FOLDER } from './engine.js';
import { asSuperuser, dropDatabase, migratorUrl, TEST_MIGRATOR } from './postgres-server.js';
import { configurationOfFolder, configurationOfServer, migrateTestHouse } from './template.js';
import { TEST_HOUSE } from './test-house.js';

/** A migrated database of its own for one test file. */
export interface TestDatabase {
  /** The server database's name; on the embedded engine its folder. */
  readonly name: string;
  readonly configuration: Configuration;
  drop(): Promise<void>;
}

export async function createTestDatabase(): Promise<TestDatabase> {
  const suffix = randomUUID().slice(0, 8);
  if (ENGINE === 'embedded') {
    const folder = join(tmpdir(), `nagaya-test-${suffix}`);
    await cp(TEMPLATE_FOLDER, folder, { recursive: true });
    return { name: folder, configuration: configurationOfFolder(folder), drop: () => rm(folder, { recursive: true, force: true }) };
  }
  const name = `nagaya_test_${suffix}`;
  await asSuperuser('postgres', `CREATE DATABASE ${name} OWNER ${TEST_MIGRATOR} TEMPLATE ${TEMPLATE_DATABASE}`);
  const configuration = configurationOfServer(migratorUrl(name));
  await migrateTestHouse(configuration);
  return { name, configuration, drop: () => dropDatabase(name) };
}

/** An open database and the logins of all products, without a service. */
export interface OpenTestDatabase {
  readonly cluster: Cluster;
  readonly databases: Databases;
  close(): Promise<void>;
}

/** @param purpose `visit` beside a process that has the embedded engine's folder open */
export async function openTestDatabase({ configuration }: TestDatabase, purpose: 'serve' | 'visit' = 'serve'): Promise<OpenTestDatabase> {
  const cluster = await openCluster(configuration, { purpose });
  const databases = new Databases(cluster, TEST_HOUSE, TEST_HOUSE.products.map((product) => product.id), configuration);
  return {
    cluster,
    databases,
    close: async () => {
      await databases.close();
      await cluster.close();
    },
  };
}
