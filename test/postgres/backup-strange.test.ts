import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import type { BackupHouse } from '../../src/backup/backup-house.js';
import type { BackupManifest, SchemaArchive } from '../../src/backup/archive/manifest.js';
import { createBackup, type CreatedBackup } from '../../src/backup/dump/create-backup.js';
import type { SumMethod } from '../../src/backup/dump/row-hash.js';
import { openSnapshot } from '../../src/backup/dump/snapshot.js';
import { summedTables, sumTables } from '../../src/backup/dump/table-sums.js';
import { restoreSchema, type RestoreSchemaOptions } from '../../src/backup/restore/restore-schema.js';
import { verifyBackup } from '../../src/backup/restore/verify-backup.js';
import { FolderStore } from '../../src/backup/store/folder-store.js';
import { newId } from '../../src/database/new-id.js';
import type { BackupFormat } from '../../src/monitoring/backups/backup.entity.js';
import { TEST_BACKUP_SECRET } from '../support/engine.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { asSuperuser, urlOfDatabase } from '../support/postgres-server.js';
import { migrateTestHouse } from '../support/template.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { waitingIn, whileLocked } from './support/backends.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

const NEVER = new AbortController().signal;

let database: TestDatabase;
let opened: OpenTestDatabase;
let folder: string;
let house: BackupHouse;

/** What a schema may hold that nobody thinks of. Values whose print depends on settings stand inside of domains and row types too. */
const STRANGE = `
  SET ROLE nagaya_owner; SET search_path = tea_house, extensions;
  CREATE TABLE "odd ""name"" 茶
and a line" (id bigint GENERATED ALWAYS AS IDENTITY (START 41) PRIMARY KEY, "col ""x"" %s 'y'" text, twice text GENERATED ALWAYS AS ("col ""x"" %s 'y'" || "col ""x"" %s 'y'") STORED);
  INSERT INTO "odd ""name"" 茶
and a line" ("col ""x"" %s 'y'") VALUES ('\\.'), (E'\\\\.\\n\\\\restrict x\\n\\\\! true'), (NULL), (E'tab\\there'), (repeat('茶', 200000));
  CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
  CREATE TABLE nothing_in_it (a int);
  CREATE TABLE days (at timestamptz NOT NULL, v text) PARTITION BY RANGE (at);
  CREATE TABLE days_1 PARTITION OF days FOR VALUES FROM ('2026-01-01') TO ('2026-01-02'); CREATE TABLE days_rest PARTITION OF days DEFAULT;
  INSERT INTO days VALUES ('2026-01-01 10:00+00', 'a'), ('2026-02-01 10:00+00', 'b');
  CREATE DOMAIN moment AS timestamptz; CREATE TYPE pair AS (at timestamptz, how interval, f float8); CREATE TYPE mood AS ENUM ('calm', 'it''s "fine"');
  CREATE TABLE typed (m moment, p pair, e mood, es mood[], r tstzrange, j json, b jsonb, x bytea, t text[], n numeric, v vector(3), since timestamptz DEFAULT '2026-01-01 12:00:00+09');
  INSERT INTO typed VALUES ('2026-07-01 12:00+00', ROW('2026-07-01 12:00+00', '1 mon 2 days 03:00', 0.1::float8 + 0.2::float8), 'it''s "fine"', '{calm}', '[2026-01-01,2026-02-01)', '{"a":  1}', '{"a": 1.00}', '\\x00ff', ARRAY['a,b', NULL, '"'], 1.000, '[1,2,3.5]'); INSERT INTO typed (m) VALUES (NULL);
  CREATE VIEW seen AS SELECT m, (p).at FROM typed; CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM days;
  CREATE UNLOGGED TABLE fleeting (a int); INSERT INTO fleeting VALUES (1);
  CREATE SEQUENCE counter START 7; SELECT nextval('counter');
  CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.v := NEW.v || '; COMMIT;'; RETURN NEW; END $$;
  CREATE TRIGGER noted BEFORE INSERT ON days FOR EACH ROW EXECUTE FUNCTION note();
  GRANT SELECT ON ALL TABLES IN SCHEMA tea_house TO nagaya_backup; GRANT SELECT ON ALL SEQUENCES IN SCHEMA tea_house TO nagaya_backup`;

beforeAll(async () => {
  const made = await createTestDatabase();
  database = { ...made, configuration: { ...made.configuration, backupSecret: TEST_BACKUP_SECRET } };
  await migrateTestHouse(database.configuration);
  await asSuperuser(database.name, STRANGE);
  // What a database may say to every session: nobody's own print, and nobody waits in a transaction.
  await asSuperuser(
    'postgres',
    ...[`TimeZone = 'Asia/Tokyo'`, `DateStyle = 'SQL, DMY'`, `IntervalStyle = 'iso_8601'`, `bytea_output = 'escape'`, `idle_in_transaction_session_timeout = '400ms'`].map((setting) => `ALTER DATABASE ${database.name} SET ${setting}`),
  );
  // But for the test itself, which keeps a table locked.
  await asSuperuser('postgres', `ALTER ROLE CURRENT_USER IN DATABASE ${database.name} SET idle_in_transaction_session_timeout = 0`);
  opened = await openTestDatabase(database);
});
afterAll(async () => {
  await opened.close();
  await database.drop();
});
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
  const settings = { ...database.configuration.backup, scratchUrl: urlOfDatabase('postgres'), jobs: 2 };
  house = { cluster: opened.cluster, house: TEST_HOUSE, control: opened.databases.control, settings, store: new FolderStore(folder), version: 'test' };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const backup = (format: BackupFormat = 'custom'): Promise<CreatedBackup> => createBackup(house, { backup: { id: newId(), schema: 'tea_house', format }, signal: NEVER });
const restore = (manifest: BackupManifest, options: Partial<RestoreSchemaOptions> = {}) =>
  restoreSchema(house, { manifest, schema: 'tea_house', requestedBy: 'test', roleConnectionLimit: database.configuration.roleConnectionLimit, signal: NEVER, ...options });

/** All that a schema holds, read by other means than the backup's own. */
async function contentOf(schema: string): Promise<Record<string, unknown>> {
  const client = new pg.Client({ connectionString: urlOfDatabase(database.name) });
  await client.connect();
  try {
    const content: Record<string, unknown> = {};
    const { rows } = await client.query<{ name: string; sql: string }>(
      `SELECT relname AS name, format('SELECT count(*)::int AS rows, md5(string_agg(t::text, E''\\n'' ORDER BY t::text)) AS all FROM %I.%I t', nspname, relname) AS sql
         FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace WHERE nspname = $1 AND relkind IN ('r', 'p', 'v', 'm') ORDER BY 1`,
      [schema],
    );
    for (const { name, sql } of rows) content[name] = (await client.query<object>(sql)).rows[0];
    return { ...content, counter: (await client.query<object>(`SELECT last_value, is_called FROM "${schema}".counter`)).rows[0] };
  } finally {
    await client.end();
  }
}

test.each<BackupFormat>(['custom', 'directory'])('strange names, types and tables come back as they were (%s)', async (format) => {
  const { manifest } = await backup(format);
  expect(manifest.archives[0]?.tables.find(({ name }) => name === 'no_columns')).toMatchObject({ rows: '2' });
  expect(await verifyBackup(house, { manifest, purpose: 'verify', requestedBy: 'test', signal: NEVER })).toMatchObject({ schemas: 1 });
  await restore(manifest, { as: 'teas_again' });
  expect(await contentOf('teas_again')).toEqual(await contentOf('tea_house'));
  await expect(restore(manifest, { as: 'teas_again' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('There is a schema teas_again already') });
  await expect(restore(manifest, { as: 'pg_teas' })).rejects.toThrow(/as it was/);
  await asSuperuser(database.name, 'DROP SCHEMA teas_again CASCADE');
});

test('one value that differs in one bit is told, in whatever column', async () => {
  const { manifest } = await backup();
  const [archive] = manifest.archives;
  const changed = async (sql: string, back: string): Promise<string[]> => {
    await asSuperuser(database.name, sql);
    const now = (await backup()).manifest.archives[0];
    await asSuperuser(database.name, back);
    return now!.tables.filter(({ checksum }, at) => checksum !== archive?.tables[at]?.checksum).map(({ name }) => name);
  };
  expect(await changed(`UPDATE tea_house.typed SET v = '[1,2,3.25]' WHERE n = 1`, `UPDATE tea_house.typed SET v = '[1,2,3.5]' WHERE n = 1`)).toEqual(['typed']);
  expect(await changed(`UPDATE tea_house.typed SET e = 'calm' WHERE n = 1`, `UPDATE tea_house.typed SET e = 'it''s "fine"' WHERE n = 1`)).toEqual(['typed']);
  expect(await changed(`UPDATE tea_house.days_rest SET v = v || ' '`, `UPDATE tea_house.days_rest SET v = rtrim(v)`)).toEqual(['days_rest']);
  expect((await backup()).manifest.archives[0]?.tables).toEqual(archive?.tables);
});

test.each<SumMethod>(['md5', 'hash64'])('a backup of before is compared by the sums that it was made with: %s', async (method) => {
  const { manifest } = await backup();
  const snapshot = await openSnapshot(opened.cluster.urlOf(opened.cluster.roles.backup), { signal: NEVER });
  const tables = await sumTables(snapshot, await summedTables(snapshot, 'tea_house', method), NEVER);
  await snapshot.close();
  const { sums: _, ...archive } = manifest.archives[0]!;
  // The first ones did not say.
  const said = method === 'md5' ? {} : { sums: method };
  const before = (over: Partial<SchemaArchive>): BackupManifest => ({ ...manifest, manifestVersion: method === 'md5' ? 1 : 2, archives: [{ ...archive, ...said, tables, ...over }] });
  await restore(before({}), { as: 'teas_again' });
  await asSuperuser(database.name, 'DROP SCHEMA teas_again CASCADE');
  const wrong = tables.map((table) => (table.name === 'typed' ? { ...table, checksum: `${BigInt(table.checksum) + 1n}` } : table));
  await expect(restore(before({ tables: wrong }), { as: 'teas_again' })).rejects.toThrow(/typed has other rows/);
});

test('a server that ends transactions in which nothing happens does not end a backup', async () => {
  const { begun } = await whileLocked(database.name, 'tea_house.teas', async () => {
    const begun = backup();
    begun.catch(() => {});
    await until(async () => (await waitingIn(database.name)) > 0);
    // Three times as long as the database lets others wait.
    await sleep(1_200);
    return { begun };
  });
  expect((await begun).manifest.archives).toHaveLength(1);
});

test('what fails after the exchange is told as such, and the state before is there to go back to', async () => {
  const { manifest } = await backup();
  await asSuperuser(database.name, `INSERT INTO tea_house.teas (name) VALUES ('matcha')`);
  // No role can have so many, which the repair of grants finds out.
  const failed = restore(manifest, { roleConnectionLimit: -2 });
  await expect(failed).rejects.toThrow(/tea_house was restored, and the state before it is kept as tea_house__before_\d{14}; what comes after it failed/);
  const [record] = await superuserRows<{ status: string; kept: string }>(database.name, 'SELECT status, kept_schema AS kept FROM monitoring.restores ORDER BY started_at DESC LIMIT 1');
  expect(record).toMatchObject({ status: 'unconfirmed', kept: expect.stringMatching(/^tea_house__before_/) });
  expect(await superuserRows(database.name, `SELECT name FROM ${record!.kept}.teas WHERE name = 'matcha'`)).toHaveLength(1);
});
