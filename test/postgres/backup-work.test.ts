import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AlertEvaluator } from '../../src/alerts/evaluation/alert-evaluator.js';
import { MANIFEST_FILE, manifestOf, writeManifest } from '../../src/backup/archive/manifest.js';
import { startService, type RunningService } from '../../src/bootstrap.js';
import { createLogger } from '../../src/http/logging.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_BACKUP_SECRET } from '../support/engine.js';
import { urlOfDatabase } from '../support/postgres-server.js';
import { environmentOf, startWorker, type Working } from '../support/process.js';
import { migrateTestHouse } from '../support/template.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { until } from './support/until.js';
import { superuserRows } from './support/superuser-rows.js';
import { letPass as forwardBy, whenDone as roundOf } from './support/worker-clock.js';

let database: TestDatabase;
let folder: string;
let service: RunningService;
let workers: Working[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
  database = await createTestDatabase();
  await migrateTestHouse({ ...database.configuration, backupSecret: TEST_BACKUP_SECRET });
  service = await startService({ configuration: { ...database.configuration, migrateOnStart: false }, house: TEST_HOUSE, logger: createLogger('silent') });
  // The test looks when it wants to, and nobody else does.
  await service.app.get(JobRunner, { strict: false }).beforeApplicationShutdown();
  const env = {
    ...environmentOf(database),
    NAGAYA_BACKUP_SECRET: TEST_BACKUP_SECRET,
    NAGAYA_BACKUP_TO: folder,
    NAGAYA_BACKUP_SCHEDULE: 'full=6h; coding_rule2=6h',
    // No rule keeps anything: what stays is what is never deleted.
    NAGAYA_BACKUP_KEEP: 'last=0',
    NAGAYA_BACKUP_DRILL: '7d',
    NAGAYA_BACKUP_SCRATCH_URL: urlOfDatabase('postgres'),
  };
  workers = await Promise.all([startWorker(env), startWorker(env)]);
});
afterAll(async () => {
  for (const worker of workers) await worker.end('SIGKILL');
  await service.close();
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const rows = <Row extends object>(sql: string) => superuserRows<Row>(database.name, sql);
interface Made {
  id: string;
  status: string;
  requestedBy: string;
}
/** Oldest first. */
const made = (schema: string | null) =>
  rows<Made>(`SELECT id, status, requested_by AS "requestedBy" FROM monitoring.backups WHERE schema_name IS NOT DISTINCT FROM ${schema === null ? 'NULL' : `'${schema}'`} ORDER BY created_at, id`);
const drills = () => rows<{ backupId: string; status: string; timed: boolean; aged: boolean }>(
  `SELECT backup_id AS "backupId", status, duration_seconds > 0 AS timed, data_age_seconds > 0 AS aged FROM monitoring.restores WHERE purpose = 'drill' ORDER BY started_at`,
);
const stored = async (end: RegExp) => (await readdir(folder)).filter((name) => end.test(name)).length;

const letPass = (interval: string) => forwardBy(database.name, interval);
const whenDone = <T>(job: string, seen: () => Promise<T | undefined | false>) => roundOf(database.name, job, seen);

const over = async (schema: string | null, count: number): Promise<Made[] | false> => {
  const backups = await made(schema);
  return backups.length >= count && backups.every(({ status }) => status !== 'queued' && status !== 'running') && backups;
};

async function metric(name: string, schema: string): Promise<number | undefined> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  const [, value] = new RegExp(`^${name}\\{schema="${schema}"\\} (.+)$`, 'm').exec(text) ?? [];
  return value === undefined ? undefined : Number(value);
}

/** Seen at one look, an alert that waits for nothing fires at the next. */
async function firing(): Promise<string[]> {
  for (let look = 0; look < 2; look++) await service.app.get(AlertEvaluator, { strict: false }).evaluate();
  const alerts = await rows<{ rule: string; of: string }>(
    `SELECT rule_id AS rule, coalesce(product_id, subject) AS of FROM monitoring.alerts WHERE state = 'firing' AND rule_id LIKE 'backup-%' ORDER BY 1, 2`,
  );
  return alerts.map(({ rule, of }) => `${rule} ${of}`);
}

/** Whole backups of another deployment, which keeps its own in the same folder: one older than all of ours, and a full one that is newer. */
const ANOTHERS = ['20200101T000000Z-coding_rule2-0000aaaa', '20990101T000000Z-full-0000bbbb'] as const;

async function plantAnothers(): Promise<void> {
  for (const [nth, name] of ANOTHERS.entries()) {
    const of = name.split('-')[1]!;
    const own = (await readdir(folder)).find((each) => each.includes(`-${of}-`))!;
    await cp(join(folder, own), join(folder, name), { recursive: true });
    const { seal: _, ...manifest } = manifestOf(own, await readFile(join(folder, own, MANIFEST_FILE), 'utf8'));
    const year = name.slice(0, 4);
    const planted = { ...manifest, id: `01a20000-0000-7000-8000-00000000000${nth}`, name, deployment: '0123456789abcdef', dataOf: `${year}-01-01T00:00:00.000Z` };
    await writeFile(join(folder, name, MANIFEST_FILE), writeManifest(planted, undefined));
  }
}

const EVERY = ['coding_rule2', 'core', 'monitoring', 'tea_house'];

test('two workers make what is due once, prove it, delete what nothing keeps; alerts come and go with it', async () => {
  // Due at once, as it was never made. Two workers ask and make; one backup of each is what comes of it.
  const [first] = await whenDone('backup.schedule', () => over(null, 1));
  expect(await whenDone('backup.queue', () => over('coding_rule2', 1))).toMatchObject([{ status: 'succeeded', requestedBy: 'schedule' }]);
  expect(await made(null)).toMatchObject([{ status: 'succeeded', requestedBy: 'schedule' }]);
  expect([await stored(/-full-/), await stored(/-coding_rule2-/)]).toEqual([1, 1]);
  await plantAnothers();

  const [data] = await rows<{ of: number }>(`SELECT extract(epoch FROM data_of)::float8 AS of FROM monitoring.backups WHERE schema_name IS NULL`);
  expect(await metric('nagaya_backup_last_success_timestamp_seconds', 'core')).toBeCloseTo(data!.of, 2);

  // The drill restores the newest full one, and writes down how long that took and how old the data was.
  const proven = await whenDone('backup.drill', async () => (await drills()).some(({ status }) => status !== 'running') && drills());
  expect(proven).toEqual([{ backupId: first!.id, status: 'succeeded', timed: true, aged: true }]);
  expect(await firing()).toEqual([]);
  // The service remembers its figures for some seconds.
  await until(async () => (await metric('nagaya_backup_last_proven_restore_timestamp_seconds', 'core')) !== undefined);
  expect(await metric('nagaya_backup_recovery_seconds', 'core')).toBeGreaterThan(0);

  // The worker of another day: nothing since then, which both alerts say; a backup and a drill end them.
  await letPass('40 days');
  expect(await firing()).toEqual([...EVERY.map((schema) => `backup-not-proven ${schema}`), ...EVERY.map((schema) => `backup-too-old ${schema}`)]);
  const [, second] = await whenDone('backup.schedule', () => over(null, 2));
  await whenDone('backup.queue', () => over('coding_rule2', 2));
  expect([(await made(null)).length, (await made('coding_rule2')).length]).toEqual([2, 2]);
  expect((await firing()).filter((alert) => alert.startsWith('backup-too-old'))).toEqual([]);
  await whenDone('backup.drill', async () => (await drills()).filter(({ status }) => status === 'succeeded').length === 2);
  expect((await drills()).map(({ backupId }) => backupId)).toEqual([first!.id, second!.id]);
  expect(await firing()).toEqual([]);

  // A third one: the newest stays and the newest that was proven, the first one goes.
  await letPass('7 hours');
  const [, , third] = await whenDone('backup.schedule', () => over(null, 3));
  await whenDone('backup.queue', () => over('coding_rule2', 3));
  await whenDone('backup.retention', async () => (await made(null))[0]?.status === 'expired' && (await made('coding_rule2'))[1]?.status === 'expired');
  expect(await made(null)).toMatchObject([{ id: first!.id, status: 'expired' }, { id: second!.id, status: 'succeeded' }, { id: third!.id, status: 'succeeded' }]);
  expect((await made('coding_rule2')).map(({ status }) => status)).toEqual(['expired', 'expired', 'succeeded']);
  // No rule keeps the other deployment's old one either, but it is not for ours to say; nor does a newer one of its own stand for one of ours.
  expect([await stored(/-full-/), await stored(/-coding_rule2-/)]).toEqual([3, 2]);
  expect(await readdir(folder)).toEqual(expect.arrayContaining([...ANOTHERS]));
  expect(await Promise.all(workers.map((worker) => worker.end('SIGTERM')))).toEqual([0, 0]);
}, 300_000);
