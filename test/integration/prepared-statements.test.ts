import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { Databases } from '../../src/database/databases.js';
import type { RoleDatabase } from '../../src/database/role-database.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { OWNER_ROLE } from '../support/roles.js';
import { TEST_HOUSE } from '../support/test-house.js';

/** What a connection keeps must never answer for a table that is no longer what it was. */
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

/** One connection, so that it is the same one that has the plan. */
let databases: Databases;
let teaHouse: RoleDatabase;
beforeEach(async () => {
  databases = new Databases(open.cluster, TEST_HOUSE, ['tea_house'], { ...database.configuration, poolMax: 1 });
  teaHouse = databases.product('tea_house');
  await teaHouse.query('DELETE FROM teas');
  await teaHouse.query(`INSERT INTO teas (name) VALUES ('sencha')`);
});
afterEach(() => databases.close());

const BY_NAME = 'SELECT * FROM teas WHERE name = $1';
const byName = (name = 'sencha') => teaHouse.query<{ name: string }>(BY_NAME, [name], { prepared: true });

async function change(...statements: string[]): Promise<void> {
  await withAdmin(requireAdminUrl(open.cluster), (admin) =>
    admin.asOwner(OWNER_ROLE, async () => {
      for (const statement of statements) await admin.query(statement);
    }),
  );
}

test('is kept by the connection, and answers as one that is not', async () => {
  for (let n = 0; n < 8; n++) expect(await byName()).toEqual(await teaHouse.query(BY_NAME, ['sencha']));
  expect(await byName('none')).toEqual([]);
  await expect(teaHouse.query('SELECT $1::int; SELECT 2', [1], { prepared: true })).rejects.toMatchObject({ code: '42601' });
  await expect(teaHouse.query('SELECT 1; SELECT 2', [], { prepared: true })).rejects.toMatchObject({ code: '42601' });
});

test('in a unit of work nothing is kept: there a stale plan would undo what was done before', async () => {
  const sql = `SELECT count(*)::int AS found FROM pg_prepared_statements WHERE statement LIKE '%counted in a unit%'`;
  expect(await teaHouse.unitOfWork(() => teaHouse.query(sql, [], { prepared: true }))).toEqual([{ found: 0 }]);
});

describe('a migration while it serves', () => {
  test.each([
    ['adds a column', `ALTER TABLE tea_house.teas ADD COLUMN origin text DEFAULT 'Uji'`, { origin: 'Uji' }, 'ALTER TABLE tea_house.teas DROP COLUMN origin'],
    ['changes a type', 'ALTER TABLE tea_house.teas ALTER COLUMN name TYPE text', { name: 'sencha' }, 'ALTER TABLE tea_house.teas ALTER COLUMN name TYPE varchar(50)'],
  ])('%s: each connection finds out once, and no caller does', async (_what, change_, shown, back) => {
    for (let n = 0; n < 6; n++) await byName();
    await change(change_);
    try {
      expect(await byName()).toEqual([expect.objectContaining(shown)]);
      expect(await byName()).toEqual([expect.objectContaining(shown)]);
    } finally {
      await change(back);
    }
    expect(await byName()).toEqual([expect.objectContaining({ name: 'sencha' })]);
  });

  test('a write is done once', async () => {
    const insert = `INSERT INTO teas (name) VALUES ($1) RETURNING *`;
    const write = (name: string) => teaHouse.query<{ name: string }>(insert, [name], { prepared: true });
    await write('bancha');
    await change(`ALTER TABLE tea_house.teas ADD COLUMN harvest int DEFAULT 1`);
    try {
      expect(await write('gyokuro')).toEqual([expect.objectContaining({ name: 'gyokuro', harvest: 1 })]);
      expect(await teaHouse.query(`SELECT count(*)::int AS found FROM teas WHERE name = 'gyokuro'`)).toEqual([{ found: 1 }]);
    } finally {
      await change('ALTER TABLE tea_house.teas DROP COLUMN harvest');
    }
  });
});

test('what a connection has lost, or has under that name already, costs its caller nothing', async () => {
  await byName();
  await teaHouse.query('DEALLOCATE ALL');
  expect(await byName()).toEqual([expect.objectContaining({ name: 'sencha' })]);
  expect(await byName()).toEqual([expect.objectContaining({ name: 'sencha' })]);
});

test('a connection keeps only so many', async () => {
  for (let n = 0; n < 100; n++) expect(await teaHouse.query(`SELECT ${n} AS n`, [], { prepared: true })).toEqual([{ n }]);
  // A pooler has names of its own for them.
  const [{ kept } = { kept: 0 }] = await teaHouse.query<{ kept: number }>(`SELECT count(*)::int AS kept FROM pg_prepared_statements WHERE NOT from_sql AND statement ~ '^SELECT \\d+ AS n'`);
  expect(kept).toBeGreaterThan(0);
  expect(kept).toBeLessThanOrEqual(64);
});
