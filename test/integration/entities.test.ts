import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { migrationSource } from '../../src/database/migrations/migration-source.js';
import { EXTENSIONS_SCHEMA } from '../../src/database/role-names.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_HOUSE } from '../support/test-house.js';

let database: TestDatabase;
let open: OpenTestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  open = await openTestDatabase(database);
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

const SCHEMAS = [...TEST_HOUSE.shared, ...TEST_HOUSE.products].map((manifest) => [manifest.id, manifest] as const);

test.each(SCHEMAS)('the entities of %s say what its migrations have made: nothing is left to generate', async (_id, manifest) => {
  expect(manifest.entities.length).toBeGreaterThan(0);
  const source = await migrationSource(manifest, requireAdminUrl(open.cluster), { owner: open.cluster.roles.owner, extensionsSchema: EXTENSIONS_SCHEMA });
  await source.initialize();
  try {
    const { upQueries, downQueries } = await source.driver.createSchemaBuilder().log();
    expect([...upQueries, ...downQueries].map((query) => query.query)).toEqual([]);
  } finally {
    await source.destroy();
  }
});
