import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { BackupHouse } from '../../src/backup/backup-house.js';
import { createBackup, type CreatedBackup } from '../../src/backup/dump/create-backup.js';
import { restoreSchema } from '../../src/backup/restore/restore-schema.js';
import { FolderStore } from '../../src/backup/store/folder-store.js';
import { newId } from '../../src/database/new-id.js';
import { openTestDatabase, type OpenTestDatabase } from '../support/database.js';
import { TEST_SECRET, testConfiguration } from '../support/engine.js';
import { migrateTestHouse } from '../support/template.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { OwnServer } from './support/own-server.js';

const DATABASE = 'nagaya';
const NEVER = new AbortController().signal;
const ROWS = 150_000;

let server: OwnServer;
let folder: string;
let opened: OpenTestDatabase;
let house: BackupHouse;

beforeAll(async () => {
  server = await OwnServer.make();
  await server.restart();
  await server.query('postgres', `CREATE DATABASE ${DATABASE}`);
  await migrateTestHouse(configuration());
  await server.query(
    DATABASE,
    `INSERT INTO tea_house.teas (name) SELECT 'tea ' || i || ' ' || md5(i::text) FROM generate_series(1, ${ROWS}) i`,
    'VACUUM ANALYZE',
  );
});
afterAll(() => server.remove());

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
});
afterEach(async () => {
  await opened.close();
  await rm(folder, { recursive: true, force: true });
});

function configuration() {
  return testConfiguration({ DATABASE_URL: server.url(DATABASE), NAGAYA_ROLE_SECRET: TEST_SECRET, NAGAYA_BACKUP_SECRET: 'a backup secret that is only good for tests' });
}

/** After each start anew: what was open before is not any more. */
async function open(): Promise<void> {
  const settings = configuration();
  opened = await openTestDatabase({ name: DATABASE, configuration: settings, drop: () => Promise.resolve() });
  house = { cluster: opened.cluster, house: TEST_HOUSE, control: opened.databases.control, settings: settings.backup, store: new FolderStore(folder), version: 'test' };
}

const backup = (schema: string | null): Promise<CreatedBackup> => createBackup(house, { backup: { id: newId(), schema, format: 'custom' }, signal: NEVER });
const count = async (schema: string): Promise<unknown> => (await server.query(DATABASE, `SELECT count(*)::int AS rows FROM ${schema}.teas`))[0]?.rows;

test('a server that has no room for so many locks: the backup says which setting, leaves nothing, and works when it is raised', async () => {
  await server.restart({ settings: { max_locks_per_transaction: 10, max_connections: 12, superuser_reserved_connections: 0, autovacuum_max_workers: 1, max_wal_senders: 0 } });
  await open();
  // Some are somebody else's already.
  const taken = server.query(DATABASE, 'SELECT count(pg_advisory_lock(i)) FROM generate_series(1, 250) i', 'SELECT pg_sleep(600)').catch(() => {});
  await server.query(DATABASE, 'SELECT pg_sleep(0.5)');
  await expect(backup(null)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/Raise its max_locks_per_transaction/) });
  expect(await readdir(folder)).toEqual([]);
  await opened.close();
  await server.restart();
  await taken;
  await open();
  expect((await backup(null)).manifest.archives).toHaveLength(4);
});

test('a disk that is full while a product is restored: it says so, the live one is as it was, and the next restore works', async () => {
  await server.restart();
  await open();
  const { manifest } = await backup('tea_house');
  await opened.close();
  await server.restart({ largestFile: 6 * 1024 * 1024 });
  await open();
  const restore = () => restoreSchema(house, { manifest, schema: 'tea_house', requestedBy: 'test', roleConnectionLimit: 60, signal: NEVER });
  await expect(restore()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/is as it was\. There is no room left/) });
  expect(await count('tea_house')).toEqual([{ rows: ROWS }]);
  const left = await server.query(DATABASE, `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tea\\_house\\_\\_%'`, `SELECT status FROM monitoring.restores`);
  expect(left.map(({ rows }) => rows as unknown)).toEqual([[], [{ status: 'failed' }]]);
  await opened.close();
  await server.restart();
  await open();
  const { kept } = await restore();
  expect([await count('tea_house'), await count(kept ?? '')]).toEqual([[{ rows: ROWS }], [{ rows: ROWS }]]);
});
