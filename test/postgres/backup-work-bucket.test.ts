import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { BucketClient } from '../../src/backup/store/bucket/bucket-client.js';
import { startBucketServer, type Asked, type BucketServer } from '../support/bucket/bucket-server.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_BACKUP_SECRET } from '../support/engine.js';
import { asSuperuser } from '../support/postgres-server.js';
import { environmentOf, startWorker, type Working } from '../support/process.js';
import { migrateTestHouse } from '../support/template.js';
import { waitingIn, whileLocked } from './support/backends.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';
import { letPass, whenDone } from './support/worker-clock.js';

const PREFIX = 'house/worker';

let database: TestDatabase;
let bucket: BucketServer;
let worker: Working;

beforeAll(async () => {
  bucket = await startBucketServer();
  database = await createTestDatabase();
  await migrateTestHouse({ ...database.configuration, backupSecret: TEST_BACKUP_SECRET });
});
afterAll(async () => {
  await worker.end('SIGKILL');
  await database.drop();
  await bucket.close();
});
afterEach(() => {
  bucket.mishap = () => undefined;
});

const start = async (): Promise<void> => {
  worker = await startWorker({
    ...environmentOf(database),
    NAGAYA_BACKUP_SECRET: TEST_BACKUP_SECRET,
    NAGAYA_BACKUP_TO: `s3://nagaya-backups/${PREFIX}`,
    NAGAYA_BACKUP_S3_ENDPOINT: bucket.endpoint,
    NAGAYA_BACKUP_S3_ACCESS_KEY_ID: 'S3RVER',
    NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY: 'S3RVER',
    NAGAYA_BACKUP_SCHEDULE: 'coding_rule2=6h',
    // No rule keeps anything: what stays is what is never deleted.
    NAGAYA_BACKUP_KEEP: 'last=0',
  });
};

interface Made {
  status: string;
  name: string | null;
  error: string | null;
}
/** Oldest first; the name is the end of where it lies. */
const made = () => superuserRows<Made>(database.name, `SELECT status, substring(location from '[^/]+$') AS name, error FROM monitoring.backups ORDER BY created_at, id`);
/** The last of so many, when it is over. */
const over = async (count: number): Promise<Made | false> => {
  const backups = await made();
  return backups.length === count && ['succeeded', 'failed'].includes(backups.at(-1)?.status ?? '') && backups.at(-1)!;
};
const scheduled = (count: number) => whenDone(database.name, 'backup.schedule', () => over(count));

/** One whole round of the retention. @returns why it failed, or null */
async function retention(): Promise<string | null> {
  const look = async () => (await superuserRows<{ at: string | null; error: string | null }>(database.name, `SELECT last_finished_at::text AS at, last_error AS error FROM core.jobs WHERE name = 'backup.retention'`))[0];
  const before = (await look())?.at;
  return whenDone(database.name, 'backup.retention', async () => {
    const now = await look();
    return now?.at != null && now.at !== before && { error: now.error };
  }).then(({ error }) => error);
}

/** Of every backup in the bucket: its name, and its files. */
async function stored(): Promise<Record<string, string[]>> {
  const found: Record<string, string[]> = {};
  for await (const { key } of new BucketClient(bucket.settings()).list(`${PREFIX}/`)) {
    const [name = '', ...path] = key.slice(PREFIX.length + 1).split('/');
    (found[name] ??= []).push(path.join('/'));
  }
  return found;
}

const WHOLE = ['coding_rule2.dump', 'manifest.json'];
const isDump = ({ key, method }: Asked): boolean => key.endsWith('coding_rule2.dump') && method === 'PUT';

test('a worker makes what is due in a bucket; what fails there, is lost there or is cut off never takes the last good one', async () => {
  await start();
  const first = await scheduled(1);
  expect(first).toMatchObject({ status: 'succeeded' });
  expect(await stored()).toEqual({ [first.name!]: WHOLE });

  // The bucket fails midway: the record says why, nothing of it is left, and the one before stays, whatever retention thinks.
  await letPass(database.name, '7 hours');
  bucket.mishap = (asked) => (isDump(asked) ? { status: 500, code: 'InternalError' } : undefined);
  expect(await scheduled(2)).toMatchObject({ status: 'failed', error: expect.stringMatching(/bucket nagaya-backups .*coding_rule2\.dump.*Try again later/) });
  expect(await retention()).toBeNull();
  expect(await stored()).toEqual({ [first.name!]: WHOLE });
  expect(bucket.openUploads.keys).toEqual([]);

  // It is tried again long before six hours are over.
  bucket.mishap = () => undefined;
  await letPass(database.name, '20 minutes');
  const second = await scheduled(3);
  expect(second).toMatchObject({ status: 'succeeded' });

  // A list that breaks off deletes nothing.
  bucket.mishap = ({ method, query }) => (method === 'GET' && query.has('list-type') ? { status: 500, code: 'InternalError' } : undefined);
  expect(await retention()).toMatch(/bucket/);
  bucket.mishap = () => undefined;
  expect(Object.keys(await stored())).toEqual([first.name, second.name]);

  // The newest has lost its archive: it is not the last good one, and no reason to delete that.
  await new BucketClient(bucket.settings()).delete(`${PREFIX}/${second.name}/coding_rule2.dump`);
  expect(await retention()).toBeNull();
  expect(await stored()).toEqual({ [first.name!]: WHOLE, [second.name!]: ['manifest.json'] });

  // The worker is killed while it makes one: that is none; another worker makes the next, and now the first one goes.
  await letPass(database.name, '7 hours');
  await whileLocked(database.name, 'coding_rule2.memory_inheritance', async () => {
    await whenDone(database.name, 'backup.schedule', async () => (await made()).length === 4 && (await waitingIn(database.name)) > 0);
    await worker.end('SIGKILL');
  });
  expect(Object.keys(await stored()).filter((name) => name !== '.unfinished')).toEqual([first.name, second.name]);
  await letPass(database.name, '7 hours');
  await asSuperuser(database.name, `UPDATE core.jobs SET lease_until = NULL WHERE name LIKE 'backup.%'`);
  await start();
  const third = await scheduled(5);
  expect(third).toMatchObject({ status: 'succeeded' });
  expect((await made())[3]).toMatchObject({ status: 'failed', error: expect.stringContaining('The process that made it ended') });
  expect(await retention()).toBeNull();
  await until(async () => (await made())[0]?.status === 'expired');
  const { '.unfinished': cutOff = [], ...left } = await stored();
  expect(left).toEqual({ [second.name!]: ['manifest.json'], [third.name!]: WHOLE });
  expect(cutOff).toHaveLength(1);
  expect(await worker.end('SIGTERM')).toBe(0);
}, 240_000);
