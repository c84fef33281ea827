import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import type { ProductManifest } from '../../src/database/manifest.js';
import { readMigrationState } from '../../src/database/migrations/migration-state.js';
import { migrate } from '../../src/database/migrator.js';
import { CODING_RULE2 } from '../../src/products/coding-rule2/coding-rule2.manifest.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { TEA_HOUSE, TeaHouseModule } from '../support/tea-house/tea-house.manifest.js';
import { LODGER_PREFIX } from '../support/postgres-server.js';
import { TEST_HOUSE } from '../support/test-house.js';

const OPTIONS = { roleConnectionLimit: 60 };

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

const admin = <Row extends object>(sql: string): Promise<Row[]> => withAdmin(requireAdminUrl(open.cluster), (connection) => connection.query<Row>(sql));

describe('migrate', () => {
  test('again changes nothing', async () => {
    const report = await migrate(open.cluster, TEST_HOUSE, OPTIONS);
    const schemas = [...TEST_HOUSE.shared, ...TEST_HOUSE.products].map((manifest) => manifest.id);
    expect(report.schemas).toEqual(schemas.map((schema) => ({ schema, applied: [] })));
  });

  test('a product that fails stops no other, leaves nothing half done, and is named', async () => {
    const broken: ProductManifest = {
      ...TEA_HOUSE,
      // The prefix under which roles of single tests are found and dropped.
      id: `${LODGER_PREFIX}broken`,
      entities: [],
      migrations: new URL('./lodger-broken/', import.meta.url),
      module: () => Promise.resolve(TeaHouseModule),
    };
    await admin(`DELETE FROM tea_house.migrations`);
    await admin(`DROP TABLE tea_house.teas`);
    const report = await migrate(open.cluster, { ...TEST_HOUSE, products: [CODING_RULE2, broken, TEA_HOUSE] }, OPTIONS);
    const outcomes = Object.fromEntries(report.schemas.map(({ schema, applied, error }) => [schema, error === undefined ? applied : 'failed']));
    expect(outcomes).toEqual({ core: [], monitoring: [], coding_rule2: [], lodger_broken: 'failed', tea_house: ['CreateTeaHouse1795478400000'] });
    expect(await admin(`SELECT to_regclass('lodger_broken.half') AS half`)).toEqual([{ half: null }]);
  });

  test('a schema that is not there is refused by name', async () => {
    await expect(migrate(open.cluster, TEST_HOUSE, { ...OPTIONS, schemas: ['nothing'] })).rejects.toMatchObject({ code: 'validation_failed' });
  });
});

describe('the state of a schema', () => {
  const state = () => withAdmin(requireAdminUrl(open.cluster), (connection) => readMigrationState(connection, TEA_HOUSE));
  const insert = (name: string) => admin(`INSERT INTO tea_house.migrations (timestamp, name) VALUES (1999999999999, '${name}')`);

  test('up to date, ahead of this release, ahead by what it can not serve, behind', async () => {
    expect(await state()).toMatchObject({ pending: [], ahead: [], ready: true, current: 'CreateTeaHouse1795478400000' });
    await insert('AddSugar1999999999999');
    expect(await state()).toMatchObject({ ahead: ['AddSugar1999999999999'], ready: true });
    await insert('BreakingRenameTea1999999999999');
    expect(await state()).toMatchObject({ ready: false });
    await admin('DELETE FROM tea_house.migrations');
    expect(await state()).toMatchObject({ pending: ['CreateTeaHouse1795478400000'], applied: 0, current: null, ready: false });
    await admin(`INSERT INTO tea_house.migrations (timestamp, name) VALUES (1795478400000, 'CreateTeaHouse1795478400000')`);
  });
});
