import { ApiKeysService } from '../../../src/auth/api-keys.service.js';
import { startService, type RunningService } from '../../../src/bootstrap.js';
import type { Configuration } from '../../../src/config/env.js';
import { openCluster } from '../../../src/database/cluster.js';
import type { House, MigrationReport } from '../../../src/database/migrator.js';
import { quoteIdent } from '../../../src/database/quote-ident.js';
import { houseOf } from '../../../src/house.js';
import { createLogger } from '../../../src/http/logging.js';
import { migrateHouse } from '../../../src/migrate-house.js';
import { createTestDatabase, type TestDatabase } from '../../support/database.js';
import { asSuperuser } from '../../support/postgres-server.js';
import { TEST_HOUSE } from '../../support/test-house.js';
import { call, type Answer } from './call.js';
import type { Lodger } from './lodger/lodger.js';

/** The test house with more products in it. */
export function houseWith(lodgers: readonly Lodger[]): House {
  return houseOf([...TEST_HOUSE.products, ...lodgers.map((lodger) => lodger.manifest)]);
}

export async function migrateWith(configuration: Configuration, house: House): Promise<MigrationReport> {
  const cluster = await openCluster(configuration, { purpose: 'visit' });
  try {
    return await migrateHouse(cluster, house, { roleConnectionLimit: configuration.roleConnectionLimit });
  } finally {
    await cluster.close();
  }
}

/** After their database: a role that still has rights somewhere can't be dropped. */
export async function dropLodgers(lodgers: readonly Lodger[]): Promise<void> {
  for (const { id } of lodgers) await asSuperuser('postgres', `DROP ROLE IF EXISTS ${quoteIdent(id)}`);
}

/** A service that serves the test house and some lodgers, on a database of its own. */
export interface Lodging {
  readonly service: RunningService;
  readonly database: TestDatabase;
  /** A request below `/v1/products/<product>/` with that product's key. */
  request(productId: string, method: string, path: string, body?: unknown): Promise<Answer>;
  migrateAgain(): Promise<MigrationReport>;
  stop(): Promise<void>;
}

export async function startLodging(lodgers: readonly Lodger[], overrides: Partial<Configuration> = {}): Promise<Lodging> {
  const database = await createTestDatabase();
  const configuration = { ...database.configuration, ...overrides };
  const house = houseWith(lodgers);
  if (lodgers.length > 0) await migrateWith(configuration, house);
  const service = await startService({ configuration, house, logger: createLogger('silent') });
  const apiKeys = new ApiKeysService(service.databases);
  const keys = new Map<string, string>();
  for (const { id } of house.products) keys.set(id, (await apiKeys.create({ name: 'test', productId: id })).key);
  return {
    service,
    database,
    request: (productId, method, path, body) => call(`${service.url}/v1/products/${productId}/${path}`, method, keys.get(productId) ?? '', body),
    migrateAgain: () => migrateWith(configuration, house),
    stop: async () => {
      await service.close();
      await database.drop();
      await dropLodgers(lodgers);
    },
  };
}
