import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { urlOfDatabase } from '../support/postgres-server.js';
import { environmentOf, serve, type Served } from '../support/process.js';
import { startReceiver, type Receiver } from '../support/receiver.js';
import { until } from './support/until.js';

/** Loaded before anything else: a process whose clock is a day ahead. */
const A_DAY_AHEAD = `data:text/javascript,${encodeURIComponent(`
  const Real = Date;
  globalThis.Date = class Date extends Real {
    constructor(...given) { given.length === 0 ? super(Real.now() + 86400000) : super(...given); }
    static now() { return Real.now() + 86400000; }
  };`)}`;
const ALERTS = 'monitoring.alerts';

let database: TestDatabase;
let receiver: Receiver;
let admin: pg.Client;
/** Holds a lock as a migration does; what waits for it is seen from without, where pg_stat_activity is not frozen. */
let migration: pg.Client;
const processes: Served[] = [];

beforeAll(async () => {
  receiver = await startReceiver();
  database = await createTestDatabase();
  admin = new pg.Client({ connectionString: urlOfDatabase(database.name) });
  migration = new pg.Client({ connectionString: urlOfDatabase(database.name) });
  await Promise.all([admin.connect(), migration.connect()]);
  // No waiting: what is seen is told at the next look.
  await admin.query(`INSERT INTO monitoring.alert_rule_settings (rule_id, product_id, for_seconds) VALUES ('record-count-low', '*', 0)`);
});
afterAll(async () => {
  for (const served of processes) await served.end('SIGKILL');
  await Promise.all([admin.end(), migration.end()]);
  await receiver.close();
  await database.drop();
});

async function begin(env: Record<string, string> = {}): Promise<Served> {
  const served = await serve({ ...environmentOf(database), NAGAYA_ALERT_WEBHOOK_URL: receiver.url, NAGAYA_ALERT_ALLOWED_NETWORKS: '127.0.0.1/32', ...env });
  processes.push(served);
  return served;
}

interface JobState {
  attempt: number;
  claimed: boolean;
  finished: boolean;
}

async function job(): Promise<JobState> {
  const { rows } = await admin.query<JobState>(
    `SELECT attempt::int, coalesce(lease_until > clock_timestamp(), false) AS claimed, coalesce(last_finished_at > last_started_at, false) AS finished FROM core.jobs WHERE name = $1`,
    [ALERTS],
  );
  return rows[0] ?? { attempt: 0, claimed: false, finished: false };
}

/** As if so much time had passed: the database's clock decides, so its row is moved. */
const makeDue = () => admin.query(`UPDATE core.jobs SET next_run_at = clock_timestamp(), lease_until = CASE WHEN lease_until IS NULL THEN NULL ELSE clock_timestamp() END WHERE name = $1`, [ALERTS]);

/** Looks that were made and ended, whoever made them. */
async function looks(count: number): Promise<void> {
  for (let made = 0; made < count; made++) {
    const { attempt } = await job();
    await makeDue();
    await until(async () => {
      const now = await job();
      return now.attempt > attempt && now.finished;
    });
  }
}

const told = () => receiver.received.flatMap(({ body }) => (JSON.parse(body) as { alerts: { status: string; labels: { alertname: string; product?: string } }[] }).alerts).filter(({ labels }) => labels.alertname === 'record-count-low' && labels.product === 'coding_rule2');

test('of three processes one looks and one tells; killed in the middle, it is taken over; a clock a day off changes nothing', async () => {
  // The first look of the first process is held up where it reads the alerts, and the process killed there.
  const first = await begin();
  await migration.query('BEGIN');
  await migration.query('LOCK TABLE monitoring.alerts IN ACCESS EXCLUSIVE MODE');
  await until(async () => {
    const { rows } = await admin.query(
      `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%FROM monitoring.alerts WHERE state%FOR UPDATE'`,
    );
    return rows.length > 0;
  });
  await first.end('SIGKILL');
  await migration.query('ROLLBACK');
  expect(await job()).toMatchObject({ claimed: true });

  const others = [await begin(), await begin({ NODE_OPTIONS: `--import=${A_DAY_AHEAD}` })];
  const { attempt } = await job();
  await makeDue();
  await until(async () => (await job()).attempt > attempt);
  await until(() => told().length > 0);
  await looks(2);
  expect(told()).toMatchObject([{ status: 'firing' }]);

  // What is left is the process with the wrong clock: it looks on, tells nothing twice, and writes no time of its own.
  await others[0]?.end('SIGKILL');
  await looks(1);
  expect(told()).toHaveLength(1);
  const { rows } = await admin.query<{ ahead: number }>(
    `SELECT ((SELECT count(*) FROM monitoring.alerts WHERE greatest(started_at, fired_at, evaluated_at, notified_at) > clock_timestamp())
           + (SELECT count(*) FROM monitoring.schema_health WHERE checked_at > clock_timestamp())
           + (SELECT count(*) FROM monitoring.alert_notifications WHERE greatest(created_at, delivered_at) > clock_timestamp())
           + (SELECT count(*) FROM core.monitoring_events WHERE timestamp > clock_timestamp()))::int AS ahead`,
  );
  expect(rows).toEqual([{ ahead: 0 }]);
}, 180_000);
