import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { BackupHouse } from '../../src/backup/backup-house.js';
import { createBackup, type CreatedBackup } from '../../src/backup/dump/create-backup.js';
import { listBackups } from '../../src/backup/list-backups.js';
import { findBackup } from '../../src/backup/restore/find-backup.js';
import { restoreSchema } from '../../src/backup/restore/restore-schema.js';
import { verifyBackup } from '../../src/backup/restore/verify-backup.js';
import { BucketClient } from '../../src/backup/store/bucket/bucket-client.js';
import { BucketStore } from '../../src/backup/store/bucket/bucket-store.js';
import type { BackupFormat } from '../../src/monitoring/backups/backup.entity.js';
import { newId } from '../../src/database/new-id.js';
import { startBucketServer, type BucketServer } from '../support/bucket/bucket-server.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { asSuperuser, urlOfDatabase } from '../support/postgres-server.js';
import { environmentOf, nagaya, type Ended } from '../support/process.js';
import { migrateTestHouse } from '../support/template.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { superuserRows } from './support/superuser-rows.js';

const BACKUP_SECRET = process.env['NAGAYA_BACKUP_SECRET'] ?? 'a backup secret that is only good for tests';
const KEY = 'a key that encrypts the backups of tests';
const NEVER = new AbortController().signal;
/** Larger than one part, and hardly to be compressed. */
const ROWS = 3_000;

let database: TestDatabase;
let opened: OpenTestDatabase;
let server: BucketServer;
let house: BackupHouse;
let count = 0;

beforeAll(async () => {
  server = await startBucketServer();
  const made = await createTestDatabase();
  database = { ...made, configuration: { ...made.configuration, backupSecret: BACKUP_SECRET } };
  await migrateTestHouse(database.configuration);
  opened = await openTestDatabase(database);
  await asSuperuser(
    database.name,
    `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data)
     SELECT 's', 'question ' || i, (SELECT string_agg(md5(random()::text || i || j), '') FROM generate_series(1, 128) j), '{}' FROM generate_series(1, ${ROWS}) i`,
    `INSERT INTO tea_house.teas (name) VALUES ('sencha'), ('hojicha')`,
  );
});
afterAll(async () => {
  await opened.close();
  await database.drop();
  await server.close();
});
beforeEach(() => {
  house = houseWith({});
});
afterEach(() => {
  server.mishap = () => undefined;
});

function houseWith(settings: Partial<BackupHouse['settings']>): BackupHouse {
  const store = new BucketStore(server.settings({ prefix: `house/${++count}` }));
  return {
    cluster: opened.cluster,
    house: TEST_HOUSE,
    control: opened.databases.control,
    settings: { ...database.configuration.backup, scratchUrl: urlOfDatabase('postgres'), ...settings },
    store,
    version: 'test',
  };
}

const backup = (schema: string | null, format: BackupFormat = 'custom'): Promise<CreatedBackup> => createBackup(house, { backup: { id: newId(), schema, format }, signal: NEVER });
const objects = async (): Promise<string[]> => {
  const keys: string[] = [];
  for await (const { key } of new BucketClient(server.settings()).list(`house/${count}/`)) keys.push(key.split('/').slice(2).join('/'));
  return keys;
};

test.each<[string, string | undefined, BackupFormat]>([
  ['plain', undefined, 'custom'],
  ['encrypted, of many files', KEY, 'directory'],
])('a backup in a bucket (%s) is listed, proven by restoring it, and restored from', async (_what, key, format) => {
  house = houseWith({ key });
  const created = await backup('coding_rule2', format);
  expect(created.location).toBe(`s3://nagaya-backups/house/${count}/${created.manifest.name}`);
  expect(await listBackups(house)).toEqual([expect.objectContaining({ id: created.manifest.id, status: 'succeeded', encrypted: key !== undefined })]);
  expect((await objects()).filter((name) => name.includes('.unfinished'))).toEqual([]);
  const manifest = await findBackup(house, created.manifest.id);
  expect(await verifyBackup(house, { manifest, purpose: 'verify', requestedBy: 'test', signal: NEVER })).toMatchObject({ schemas: 1 });
  await restoreSchema(house, { manifest, schema: 'coding_rule2', as: 'cr2_again', requestedBy: 'test', roleConnectionLimit: database.configuration.roleConnectionLimit, signal: NEVER });
  expect(await superuserRows(database.name, 'SELECT count(*)::int AS rows FROM cr2_again.conversation_context')).toEqual([{ rows: ROWS }]);
  await asSuperuser(database.name, 'DROP SCHEMA cr2_again CASCADE');
});

test('a bucket that fails midway fails the backup, and leaves neither objects nor uploads; the next one is made', async () => {
  server.mishap = ({ query }) => (query.get('partNumber') === '2' ? { status: 500, code: 'InternalError' } : undefined);
  await expect(backup(null)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/bucket nagaya-backups .*coding_rule2\.dump.*Try again later/) });
  server.mishap = () => undefined;
  expect(await objects()).toEqual([]);
  expect(server.openUploads.keys).toEqual([]);
  expect((await backup('tea_house')).manifest.archives).toHaveLength(1);
});

test('an object that was cut short or lost is found before anything is restored, and a bucket that is down is not taken for that', async () => {
  const created = await backup('tea_house');
  const key = `house/${count}/${created.manifest.name}/tea_house.dump`;
  const refused = async (what: RegExp): Promise<void> => {
    await expect(restoreSchema(house, { manifest: created.manifest, schema: 'tea_house', requestedBy: 'test', roleConnectionLimit: 60, signal: NEVER })).rejects.toThrow(what);
    expect(await superuserRows(database.name, 'SELECT count(*)::int AS rows FROM tea_house.teas')).toEqual([{ rows: 2 }]);
  };
  server.mishap = ({ method, key: asked }) => (method === 'GET' && asked === key ? { dropLast: 100 } : undefined);
  await refused(/bytes instead of/);
  server.mishap = ({ method, key: asked }) => (method === 'GET' && asked === key ? { status: 503, code: 'SlowDown' } : undefined);
  await refused(/answers with errors/);
  server.mishap = () => undefined;
  await new BucketClient(server.settings()).delete(key);
  await refused(/lacks its file tea_house\.dump/);
});

describe('the command line', () => {
  const run = (args: string[], secret: string): Promise<Ended> =>
    nagaya(args, {
      ...environmentOf(database),
      NAGAYA_BACKUP_SECRET: BACKUP_SECRET,
      NAGAYA_BACKUP_TO: `s3://nagaya-backups/house/${count}`,
      NAGAYA_BACKUP_S3_ENDPOINT: server.endpoint,
      NAGAYA_BACKUP_S3_ACCESS_KEY_ID: 'S3RVER',
      NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY: secret,
    });

  test('makes one and lists it; with another secret it says what is wrong and shows none', async () => {
    const made = await run(['backup', 'create', '--schema', 'coding_rule2'], 'S3RVER');
    expect(made).toMatchObject({ status: 0, stdout: expect.stringContaining(`s3://nagaya-backups/house/${count}/`) });
    expect((await run(['backup', 'list'], 'S3RVER')).stdout).toContain('good');
    const refused = await run(['backup', 'list'], 'a-secret-that-is-not-the-one');
    expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('refuses the credentials') });
    expect(refused.stdout + refused.stderr).not.toContain('a-secret-that-is-not-the-one');
  });
});
