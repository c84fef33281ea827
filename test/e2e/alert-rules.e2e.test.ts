import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AlertRules } from '../../src/alerts/rules/alert-rules.js';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { HealthStore } from '../../src/health/schema/health-store.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { startReceiver, type Receiver } from '../support/receiver.js';
import { startTestService, type TestService } from '../support/service.js';

const ALERTS = 'monitoring.alerts';
const NEVER = `timestamptz '2200-01-01Z'`;

let nagaya: TestService;
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
  nagaya = await startTestService({ alertWebhookUrl: receiver.url, alertAllowedNetworks: ['127.0.0.1/32'] });
  // All jobs once, and from then on only what a test makes due.
  const rows = async () => query<{ name: string }>(`SELECT name FROM core.jobs WHERE last_finished_at IS NOT NULL AND lease_until IS NULL`);
  await runner().tick();
  while (!(await rows()).some(({ name }) => name === ALERTS)) await runner().tick();
  await query(`UPDATE core.jobs SET next_run_at = ${NEVER}, last_error = NULL`);
});
afterAll(async () => {
  await nagaya.stop();
  await receiver.close();
});
beforeEach(async () => {
  for (const table of ['alerts', 'alert_notifications', 'schema_health', 'schema_activity', 'worker_status', 'schema_drift', 'backups', 'restores']) await query(`DELETE FROM monitoring.${table}`);
  await query('UPDATE core.jobs SET last_error = NULL');
  await query(`UPDATE monitoring.alert_evaluations SET steady_since = clock_timestamp() - interval '1 day'`);
  await checked();
  receiver.received.length = 0;
});

const runner = () => nagaya.service.app.get(JobRunner, { strict: false });
const query = <Row extends object>(sql: string, values: unknown[] = []) => nagaya.service.databases.control.query<Row>(sql, values);

/** Runs a job as the schedule does: due by the database's clock, claimed, and finished. */
async function runJob(name = ALERTS): Promise<void> {
  const [before] = await query<{ attempt: string }>(`UPDATE core.jobs SET next_run_at = clock_timestamp() WHERE name = $1 RETURNING attempt`, [name]);
  for (;;) {
    await runner().tick();
    const [now] = await query<{ attempt: string; done: boolean }>(`SELECT attempt, lease_until IS NULL AS done FROM core.jobs WHERE name = $1`, [name]);
    if (now?.attempt !== before?.attempt && now?.done) break;
  }
  await query(`UPDATE core.jobs SET next_run_at = ${NEVER} WHERE name = $1`, [name]);
}

/** As if so much time had passed for what is open, the looks having gone on. */
const letPass = (seconds: number) => query(`UPDATE monitoring.alerts SET started_at = started_at - make_interval(secs => $1)`, [seconds]);

/** A check of tea_house as a sweep keeps it, `ago` an interval. */
async function checked(over: Record<string, unknown> = {}, ago = '0'): Promise<void> {
  const figures = { status: 'ok', table_count: 1, record_count: 5_000, record_count_exact: true, schema_size_bytes: 100_000, connections_in_use: 1, connection_limit: 60, migrations_pending: 0, ...over };
  const names = Object.keys(figures);
  await query(`INSERT INTO monitoring.schema_activity (product_id, counters) VALUES ('tea_house', '{}') ON CONFLICT (product_id) DO UPDATE SET seen_at = clock_timestamp()`);
  await query(
    `INSERT INTO monitoring.schema_health (product_id, checked_at, ${names.join(', ')}) VALUES ('tea_house', clock_timestamp() - $1::interval, ${names.map((_, index) => `$${index + 2}`).join(', ')})`,
    [ago, ...Object.values(figures)],
  );
  // What it remembers of the newest checks is forgotten with the next that are kept.
  await nagaya.service.app.get(HealthStore, { strict: false }).keep([]);
}

interface Open {
  state: string;
  condition: string;
  severity: string;
  product: string | null;
  subject: string;
  message: string;
}
const alertsOf = (rule: string) => query<Open>(`SELECT state, condition, severity, product_id AS product, subject, message FROM monitoring.alerts WHERE rule_id = $1 ORDER BY started_at, id`, [rule]);
const statesOf = async (rule: string): Promise<string[]> => (await alertsOf(rule)).map(({ state }) => state);

/** Hourly checks of a day and more, and the last of them; each hour brings so many rows. */
async function history(hours: number, perHour: number, last: number): Promise<void> {
  await query('DELETE FROM monitoring.schema_health');
  for (let hour = hours; hour >= 1; hour--) await checked({ record_count: 50_000 - hour * perHour, hourly: true }, `${hour} hours 1 minute`);
  await checked({ record_count: last });
}

async function heartbeat(): Promise<void> {
  const answer = await nagaya.request('PUT', '/v1/products/tea_house/workers/brewer/heartbeat', { key: nagaya.keys.teaHouse, body: { workerType: 't', status: 's', intervalSeconds: 1 } });
  expect(answer.status).toBe(200);
}

const dayAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
const setThreshold = (threshold: number | null) => nagaya.request(threshold === null ? 'DELETE' : 'PUT', '/v1/products/tea_house/alert-rules/activity-missing', { key: nagaya.keys.operator, ...(threshold !== null && { body: { threshold } }) });
const jobError = (name: string, error: string | null) => query(`UPDATE core.jobs SET last_error = $2, last_finished_at = clock_timestamp() WHERE name = $1`, [name, error]);
const waiting = () => query(`INSERT INTO monitoring.alert_notifications (target, dedup_key, payload, created_at, next_attempt_at, last_error) VALUES ('webhook', 'k', '[]', clock_timestamp() - interval '20 minutes', ${NEVER}, 'it answered 502.')`);
const backedUp = (ago: string) => query(`INSERT INTO monitoring.backups (status, data_of, finished_at) VALUES ('succeeded', clock_timestamp() - $1::interval, clock_timestamp())`, [ago]);
const drift = (state: string) => query(`INSERT INTO monitoring.schema_drift (schema_name, state, reason) VALUES ('tea_house', $1, 'By hand.') ON CONFLICT (schema_name) DO UPDATE SET state = excluded.state`, [state]);

const indexes = (invalid: string[]) => JSON.stringify({ invalid, unused: [], duplicate: [], hnsw: [] });
const figure = (broken: Record<string, unknown>, well: Record<string, unknown>) => ({ product: 'tea_house', breaks: () => checked(broken), mends: () => checked(well) });

interface Case {
  readonly rule: string;
  readonly severity: 'warning' | 'critical';
  /** How long it must hold, seconds. */
  readonly holds: number;
  readonly product: string | null;
  readonly says: RegExp;
  readonly breaks: () => Promise<unknown>;
  readonly mends: () => Promise<unknown>;
}

const CASES: readonly Case[] = [
  { rule: 'record-count-low', severity: 'warning', holds: 300, says: /^99 records, fewer than 100\.$/, ...figure({ record_count: 99 }, { record_count: 105 }) },
  { rule: 'schema-size-high', severity: 'warning', holds: 300, says: /^The schema takes 12\.0 MB, more than 10\.0 MB\.$/, ...figure({ schema_size_bytes: 12_000_000 }, { schema_size_bytes: 9_000_000 }) },
  { rule: 'connections-high', severity: 'warning', holds: 300, says: /^50 of 60 connections/, ...figure({ connections_in_use: 50 }, { connections_in_use: 40 }) },
  { rule: 'migrations-pending', severity: 'critical', holds: 300, says: /^2 migrations are not applied/, ...figure({ migrations_pending: 2 }, { migrations_pending: 0 }) },
  { rule: 'index-invalid', severity: 'warning', holds: 300, says: /teas_name_idx/, ...figure({ indexes: indexes(['teas_name_idx']) }, { indexes: indexes([]) }) },
  { rule: 'transaction-long', severity: 'warning', holds: 0, says: /open for 2 h/, ...figure({ longest_transaction_seconds: 7_200 }, { longest_transaction_seconds: 1 }) },
  {
    rule: 'activity-missing', severity: 'warning', holds: 300, product: 'tea_house', says: /^Nothing was written for 2 h; it says it writes every 60 min/,
    breaks: async () => { await setThreshold(3_600); await checked({ last_activity: new Date(Date.now() - 7_200_000) }); },
    mends: () => checked({ last_activity: new Date() }),
  },
  { rule: 'records-lost', severity: 'warning', holds: 300, product: 'tea_house', says: /^46,000 of 50,000 records are gone within a day \(92 %\)\.$/, breaks: () => history(5, 0, 4_000), mends: () => checked({ record_count: 50_000 }) },
  { rule: 'records-growing', severity: 'warning', holds: 300, product: 'tea_house', says: /^20,100 records came within an hour; 100 are usual for it\.$/, breaks: () => history(26, 100, 70_000), mends: () => checked({ record_count: 50_000 }) },
  {
    rule: 'checks-not-running', severity: 'critical', holds: 60, product: null, says: /^Schemas were last looked at 16 min ago\.$/,
    breaks: () => query(`UPDATE monitoring.schema_activity SET seen_at = clock_timestamp() - interval '16 minutes'`), mends: () => checked(),
  },
  {
    rule: 'worker-dead', severity: 'warning', holds: 30, product: 'tea_house', says: /^The worker brewer has been silent for \d+ s; it means to report every 1 s\.$/,
    breaks: async () => { await heartbeat(); await query(`UPDATE monitoring.worker_status SET last_heartbeat = clock_timestamp() - interval '10 seconds'`); },
    // Its word is good for three times its interval: a busy machine must not outlive it.
    mends: () => query(`UPDATE monitoring.worker_status SET last_heartbeat = clock_timestamp(), interval_seconds = 600`),
  },
  { rule: 'job-failing', severity: 'warning', holds: 900, product: null, says: /^The job core\.idempotency-records fails: out of ink$/, breaks: () => jobError('core.idempotency-records', 'out of ink'), mends: () => jobError('core.idempotency-records', null) },
  { rule: 'notifications-stuck', severity: 'warning', holds: 0, product: null, says: /^1 notification waits for webhook, the oldest for 20 min: it answered 502\.$/, breaks: waiting, mends: () => query(`UPDATE monitoring.alert_notifications SET delivered_at = clock_timestamp()`) },
  { rule: 'isolation-breached', severity: 'critical', holds: 0, product: null, says: /^Isolation is void: a reads rows of b\. Run "nagaya doctor --fix"\.$/, breaks: () => jobError('isolation.canary', 'breached: a reads rows of b'), mends: () => jobError('isolation.canary', null) },
  { rule: 'schema-drift', severity: 'warning', holds: 0, product: 'tea_house', says: /^The schema tea_house has drifted \(tampered\): By hand\./, breaks: () => drift('tampered'), mends: () => drift('in_step') },
  { rule: 'backup-too-old', severity: 'critical', holds: 0, product: 'tea_house', says: /^tea_house was last backed up 3\.0 days ago; expected at most 2\.0 days ago\.$/, breaks: () => backedUp('3 days'), mends: () => backedUp('1 hour') },
  {
    rule: 'backup-not-proven', severity: 'warning', holds: 0, product: 'tea_house', says: /^tea_house was never restored on trial; expected at most 30\.0 days ago\.$/, breaks: () => backedUp('1 hour'),
    mends: () => query(`INSERT INTO monitoring.restores (backup_id, purpose, status, target, requested_by, finished_at) SELECT id, 'verify', 'succeeded', '', 'test', clock_timestamp() FROM monitoring.backups`),
  },
  {
    // The job that makes days ahead has stopped; when it runs again, it is over.
    rule: 'partitions-running-out', severity: 'critical', holds: 0, product: null, says: /^monitoring\.performance_metrics has partitions for 5 more days/,
    breaks: () => withAdmin(requireAdminUrl(nagaya.service.cluster), (admin) => admin.query(`DROP TABLE monitoring.performance_metrics_${dayAhead(6)}`)),
    mends: () => runJob('monitoring.partitions'),
  },
];

describe('every rule that this process has', () => {
  const rules = () => nagaya.service.app.get(AlertRules, { strict: false }).all();

  test('is seen below, but for the one of quotas, which has a test of its own', () => {
    expect(CASES.map(({ rule }) => rule).sort()).toEqual(rules().map(({ id }) => id).filter((id) => id !== 'quota-nearly-used'));
  });

  test('has a line in docs/alerts.md that says how bad it is, when it fires and what to do', async () => {
    const lines = (await readFile(new URL('../../docs/alerts.md', import.meta.url), 'utf8')).split('\n');
    const documented = lines.flatMap((line) => (/^\| `[a-z-]+` \| (warning|critical) \| [^|]*\| [^|]+\| [^|]+\| [^|]+\|$/.test(line) ? [line.split(' ', 4).slice(1).join(' ')] : []));
    expect(documented.sort()).toEqual(rules().map(({ id, severity }) => `\`${id}\` | ${severity}`).sort());
  });
});

describe('pending, firing, resolved, by the scheduled look', () => {
  test.each(CASES)('$rule', async ({ rule, severity, holds, product, says, breaks, mends }) => {
    const mine = async (): Promise<Open[]> => (await alertsOf(rule)).filter((alert) => alert.product === product);
    await runJob();
    expect(await mine()).toEqual([]);
    await breaks();
    await runJob();
    expect(await mine()).toEqual([{ state: 'pending', condition: 'breached', severity, product, subject: expect.any(String), message: expect.stringMatching(says) }]);
    if (holds > 0) {
      await letPass(holds - 20);
      await runJob();
      expect(await mine()).toMatchObject([{ state: 'pending' }]);
      await letPass(20);
    }
    await runJob();
    expect(await mine()).toMatchObject([{ state: 'firing', condition: 'breached', message: expect.stringMatching(says) }]);
    await mends();
    await runJob();
    expect(await mine()).toMatchObject([{ state: 'resolved' }]);
    if (rule === 'activity-missing') await setThreshold(null);
  });
});

describe('is no alarm', () => {
  const afterALook = async (rule: string): Promise<string[]> => {
    await runJob();
    return statesOf(rule);
  };

  test('a loss of fewer rows than come and go anywhere, after too few checks, or between a count and an estimate', async () => {
    await query('DELETE FROM monitoring.schema_health');
    for (const [records, ago] of [[1_200, '2 hours'], [1_200, '1 hour'], [300, '0']] as const) await checked({ record_count: records }, ago);
    expect(await afterALook('records-lost')).toEqual([]);
    await query('DELETE FROM monitoring.schema_health');
    for (const [records, ago] of [[50_000, '1 hour'], [300, '0']] as const) await checked({ record_count: records }, ago);
    expect(await afterALook('records-lost')).toEqual([]);
    await query('DELETE FROM monitoring.schema_health');
    for (const [records, exact, ago] of [[50_000, true, '3 hours'], [50_000, true, '2 hours'], [300, false, '1 hour'], [300, false, '5 minutes'], [300, false, '0']] as const) await checked({ record_count: records, record_count_exact: exact }, ago);
    expect(await afterALook('records-lost')).toEqual([]);
  });

  test('growth by fewer rows than come at once anywhere, or before a day of checks', async () => {
    await history(26, 100, 50_000 - 100 + 9_000);
    expect(await afterALook('records-growing')).toEqual([]);
    await history(20, 100, 70_000);
    expect(await afterALook('records-growing')).toEqual([]);
  });

  test('a figure that comes back over its threshold by a hair ends nothing and begins nothing', async () => {
    await checked({ record_count: 104 });
    expect(await afterALook('record-count-low')).toEqual([]);
    await checked({ record_count: 99 });
    await runJob();
    await letPass(301);
    expect(await afterALook('record-count-low')).toEqual(['firing']);
    await checked({ record_count: 104 });
    expect(await afterALook('record-count-low')).toEqual(['firing']);
    await checked({ record_count: 105 });
    expect(await afterALook('record-count-low')).toEqual(['resolved']);
  });

  test('anything of a suspended product; archived, what fired is over', async () => {
    const status = (word: string) => query(`UPDATE core.products SET status = $1 WHERE id = 'tea_house'`, [word]);
    await checked({ record_count: 3 });
    await runJob();
    await letPass(301);
    await runJob();
    await status('suspended');
    try {
      await checked({ record_count: 3, migrations_pending: 1, connections_in_use: 60 });
      for (const rule of ['migrations-pending', 'connections-high']) expect(await afterALook(rule)).toEqual([]);
      expect(await statesOf('record-count-low')).toEqual(['firing']);
      await status('archived');
      expect(await afterALook('record-count-low')).toEqual(['resolved']);
      expect((await alertsOf('record-count-low'))[0]?.message).toBe('The product is archived.');
    } finally {
      await status('active');
    }
  });

  test('what is old because the database was away for an hour', async () => {
    await heartbeat();
    await waiting();
    await backedUp('1 hour');
    await runJob();
    for (const [table, columns] of [['monitoring.schema_activity', ['seen_at']], ['monitoring.schema_health', ['checked_at']], ['monitoring.worker_status', ['last_heartbeat']], ['monitoring.alert_notifications', ['created_at']], ['monitoring.alert_evaluations', ['evaluated_at', 'steady_since']], ['monitoring.alerts', ['started_at', 'evaluated_at']], ['core.jobs', ['last_started_at', 'last_finished_at']]] as const) {
      await query(`UPDATE ${table} SET ${columns.map((column) => `${column} = ${column} - interval '1 hour'`).join(', ')}`);
    }
    await query('DELETE FROM monitoring.alerts');
    await runJob();
    await runJob();
    expect(await query(`SELECT rule_id FROM monitoring.alerts WHERE state = 'firing' AND rule_id <> 'backup-not-proven'`)).toEqual([]);
    // Then everybody is back, and nothing is left of it.
    await checked();
    await heartbeat();
    await query(`UPDATE monitoring.worker_status SET interval_seconds = 600`);
    await query(`UPDATE monitoring.alert_notifications SET delivered_at = clock_timestamp()`);
    await query('UPDATE core.jobs SET last_finished_at = clock_timestamp()');
    await runJob();
    expect(await query(`SELECT rule_id FROM monitoring.alerts WHERE rule_id <> 'backup-not-proven'`)).toEqual([]);
  });
});

test('a figure that can not be seen is a warning of its own after a quarter of an hour, and ends nothing that fires', async () => {
  await checked({ record_count: 3 });
  await runJob();
  await letPass(301);
  await runJob();
  await query(`UPDATE monitoring.schema_health SET checked_at = checked_at - interval '16 minutes'`);
  await nagaya.service.app.get(HealthStore, { strict: false }).keep([]);
  await runJob();
  expect(await alertsOf('record-count-low')).toMatchObject([{ state: 'firing', condition: 'breached' }]);
  expect(await alertsOf('migrations-pending')).toMatchObject([{ state: 'pending', condition: 'no_data', severity: 'warning' }]);
  await letPass(880);
  await runJob();
  expect(await statesOf('migrations-pending')).toEqual(['pending']);
  await letPass(20);
  await runJob();
  expect(await alertsOf('migrations-pending')).toMatchObject([{ state: 'firing', condition: 'no_data', severity: 'warning' }]);
  await checked();
  await runJob();
  expect([...(await statesOf('record-count-low')), ...(await statesOf('migrations-pending'))]).toEqual(['resolved', 'resolved']);
});
