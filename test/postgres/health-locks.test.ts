import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { readIndexes } from '../../src/health/schema/catalogue/indexes.js';
import { measure } from '../../src/health/schema/catalogue/exact.js';
import { readTables } from '../../src/health/schema/catalogue/tables.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { urlOfDatabase } from '../support/postgres-server.js';

let database: TestDatabase;
let open: OpenTestDatabase;
let migration: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  open = await openTestDatabase(database);
  migration = new pg.Client({ connectionString: urlOfDatabase(database.name) });
  await migration.connect();
  await migration.query(`INSERT INTO tea_house.teas (name) SELECT 'tea ' || i FROM generate_series(1, 250) i`);
});
afterAll(async () => {
  await migration.end();
  await open.close();
  await database.drop();
});

const exactly = () => measure(open.databases.product('tea_house'), 'tea_house', 250, { enforcesTimeouts: true });

test('a schema at rest is counted and measured', async () => {
  const { rows } = await migration.query<{ bytes: string }>(`SELECT sum(pg_total_relation_size(c.oid)) AS bytes FROM pg_class c WHERE relnamespace = 'tea_house'::regnamespace AND relkind IN ('r', 'S')`);
  expect(await exactly()).toMatchObject({ records: 250, sizeBytes: Number(rows[0]?.bytes) });
});

test('the cheap sweep waits for no lock, and measuring gives way to a migration', async () => {
  await migration.query('BEGIN');
  await migration.query('LOCK TABLE tea_house.teas IN ACCESS EXCLUSIVE MODE');
  try {
    // The control login's lock_timeout would end a wait with an error.
    expect((await readTables(open.databases.control, ['tea_house'])).get('tea_house')).toMatchObject({ tableCount: 1 });
    await readIndexes(open.databases.control, ['tea_house']);
    expect(await exactly()).toMatchObject({ records: null, sizeBytes: null });
  } finally {
    await migration.query('ROLLBACK');
  }
});

test('while the migrator holds the lock of a schema, nobody counts there', async () => {
  await migration.query(`SELECT pg_advisory_lock(x'6e6779'::int, hashtext('tea_house'))`);
  try {
    expect(await exactly()).toMatchObject({ records: null });
  } finally {
    await migration.query(`SELECT pg_advisory_unlock(x'6e6779'::int, hashtext('tea_house'))`);
  }
  expect(await exactly()).toMatchObject({ records: 250 });
});

test('who changes a table that is being counted over and over is let in', async () => {
  await migration.query(`INSERT INTO tea_house.teas (name) SELECT 'tea ' || i FROM generate_series(1, 200000) i`);
  await migration.query(`SET lock_timeout = '2s'`);
  const stop = new AbortController();
  const counting = (async () => {
    let counted = 0;
    while (!stop.signal.aborted) if ((await exactly()).records !== null) counted++;
    return counted;
  })();
  for (let turn = 0; turn < 20; turn++) {
    await migration.query('ALTER TABLE tea_house.teas ADD COLUMN brewed timestamptz');
    await migration.query('ALTER TABLE tea_house.teas DROP COLUMN brewed');
  }
  stop.abort();
  expect(await counting).toBeGreaterThan(0);
});
