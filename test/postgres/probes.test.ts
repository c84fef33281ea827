import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { TEST_SECRET } from '../support/engine.js';
import { nagaya, serve, type Served } from '../support/process.js';
import { OwnServer } from './support/own-server.js';
import { until } from './support/until.js';

const POOL_MAX = 3;
const MAX_CONNECTIONS = 10;
const SERVER_CONNECTIONS = 30;
/** A kubelet gives up on a probe after three seconds; on a machine that is busy with tests this proves that nothing hangs. */
const PROBE_MS = 10_000;
const PROBES = ['live', 'ready', 'startup'] as const;

const DATABASE = 'nagaya';

let server: OwnServer;
/** A connection that was there before anything else, and works on while the postmaster is stopped. */
let admin: pg.Client;
let env: Record<string, string>;
let served: Served;
let key: string;
beforeAll(async () => {
  server = await OwnServer.make();
  await server.restart({ settings: { max_connections: SERVER_CONNECTIONS } });
  await server.query('postgres', `CREATE DATABASE ${DATABASE}`);
  admin = await server.connect(DATABASE);
  await admin.query('CREATE SCHEMA extensions');
  await admin.query('CREATE EXTENSION vector SCHEMA extensions');
  env = { DATABASE_URL: server.url(DATABASE), NAGAYA_ROLE_SECRET: TEST_SECRET, NAGAYA_POOL_MAX: String(POOL_MAX), NAGAYA_MAX_CONNECTIONS: String(MAX_CONNECTIONS) };
  served = await serve(env);
}, 120_000);
afterAll(async () => {
  server.thaw();
  await served.end('SIGKILL');
  await admin.end();
  await server.remove();
});

interface Probed {
  status: number;
  down: Record<string, { message?: string }>;
}

async function probe(which: (typeof PROBES)[number]): Promise<Probed> {
  const answer = await fetch(`${served.url}/health/${which}`, { signal: AbortSignal.timeout(PROBE_MS) });
  return { status: answer.status, down: ((await answer.json()) as { error: Probed['down'] }).error };
}

/** Statuses of live, ready and startup. */
const statuses = async (): Promise<number[]> => Promise.all(PROBES.map(async (which) => (await probe(which)).status));
const untilReadyIs = (status: number): Promise<Probed> =>
  until(async () => {
    const probed = await probe('ready');
    return probed.status === status ? probed : undefined;
  });

const ask = (path: string): Promise<Response> => fetch(`${served.url}/v1/products/coding_rule2/${path}`, { headers: { authorization: `Bearer ${key}` } });

/** While `work` runs, whoever touches the violations of coding_rule2 waits, and so many do. */
async function withWaiting(count: number, work: () => Promise<void>): Promise<Response[]> {
  await admin.query('BEGIN');
  await admin.query('LOCK TABLE coding_rule2.constitutional_violations IN ACCESS EXCLUSIVE MODE');
  try {
    const answers = Array.from({ length: count }, () => ask('violations'));
    const observer = await server.connect(DATABASE);
    await until(async () => {
      const { rows } = await observer.query(`SELECT FROM pg_stat_activity WHERE application_name = 'nagaya:coding_rule2' AND wait_event_type = 'Lock'`);
      return rows.length === Math.min(count, POOL_MAX);
    });
    await observer.end();
    await work();
    await admin.query('ROLLBACK');
    return await Promise.all(answers);
  } catch (error) {
    await admin.query('ROLLBACK');
    throw error;
  }
}

/** TCP connections from this machine to the server, as the kernel knows them: also those that a frozen server has not seen yet. */
async function openSockets(): Promise<number> {
  const port = server.port.toString(16).toUpperCase().padStart(4, '0');
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n');
  return lines.filter((line) => new RegExp(`^ *\\d+: \\S+ [0-9A-F]{8}:${port} 0[123] `).test(line)).length;
}

test('before its database is migrated it is alive and not ready, says what to do, and is ready when that is done', async () => {
  expect(await statuses()).toEqual([200, 503, 503]);
  expect((await probe('ready')).down['database']?.message).toMatch(/^The database refuses the login of this process. "nagaya migrate" makes it/);
  expect(await nagaya(['migrate'], env)).toMatchObject({ status: 0 });
  key = (await nagaya(['key', 'create', '--product', 'coding_rule2'], env)).stdout.trim();
  await untilReadyIs(200);
  expect(await statuses()).toEqual([200, 200, 200]);
}, 120_000);

test('while a migration is pending it is not ready, and says which schema it is and what to do', async () => {
  const { rows } = await admin.query<{ timestamp: string; name: string }>('DELETE FROM core.migrations WHERE id = (SELECT max(id) FROM core.migrations) RETURNING timestamp, name');
  const { down } = await untilReadyIs(503);
  expect(down['migrations']?.message).toBe('The schema core is behind this release. Run "nagaya migrate", or start with MIGRATE_ON_START=true.');
  await admin.query('INSERT INTO core.migrations (timestamp, name) VALUES ($1, $2)', [rows[0]?.timestamp, rows[0]?.name]);
  await untilReadyIs(200);
});

test('a newer release that was here is no reason to stop, unless this one can not serve what it has left', async () => {
  await admin.query(`INSERT INTO monitoring.migrations (timestamp, name) VALUES (1999999999998, 'AddPot1999999999998')`);
  // Longer than an answer is kept.
  await sleep(600);
  expect(await probe('ready')).toMatchObject({ status: 200 });
  await admin.query(`INSERT INTO monitoring.migrations (timestamp, name) VALUES (1999999999999, 'BreakingDropPot1999999999999')`);
  const { down } = await untilReadyIs(503);
  expect(down['migrations']?.message).toMatch(/^The schema monitoring is ahead of this release.*Start the newer release/);
  expect(await statuses()).toEqual([200, 503, 200]);
  await admin.query(`DELETE FROM monitoring.migrations WHERE timestamp > 1999999999000`);
  await untilReadyIs(200);
});

test('a product whose connections are all at work, and more in line, leaves the process in service', async () => {
  const answers = await withWaiting(2 * POOL_MAX, async () => {
    await sleep(600);
    expect(await statuses()).toEqual([200, 200, 200]);
  });
  // Who has waited too long for the lock or in the line is told so.
  expect(answers.filter(({ status }) => ![200, 503, 504].includes(status))).toEqual([]);
});

test('a server that has no connection left for the probe: not ready, in words, until there is one', async () => {
  const others: pg.Client[] = [];
  const fill = async (): Promise<void> => {
    for (;;) {
      const client = new pg.Client({ connectionString: server.url(DATABASE) });
      client.on('error', () => {});
      try {
        await client.connect();
      } catch {
        return;
      }
      others.push(client);
    }
  };
  try {
    await fill();
    // Its own connection is there and stays there.
    await sleep(600);
    expect(await probe('ready')).toMatchObject({ status: 200 });
    await admin.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'nagaya:probe'`);
    const { down } = await until(async () => {
      await fill();
      const probed = await probe('ready');
      return probed.status === 503 ? probed : undefined;
    });
    expect(down['database']?.message).toBe('The database answers, but lets this process do nothing; the log says why.');
    await until(() => /DatabaseProbe.*(too many clients|connection slots)/.test(served.output()));
    expect(await statuses()).toEqual([200, 503, 200]);
  } finally {
    for (const client of others) await client.end();
  }
  await untilReadyIs(200);
});

test('a database that is frozen: every probe answers, however many ask, no connection is left behind, and it recovers', async () => {
  await server.freeze(admin);
  try {
    await untilReadyIs(503);
    for (let round = 0; round < 4; round++) {
      const asked = Array.from({ length: 25 }, () => probe('ready'));
      for (const { status, down } of await Promise.all(asked)) {
        expect([status, down['database']?.message]).toEqual([503, 'The database does not answer.']);
      }
      expect(await statuses()).toEqual([200, 503, 200]);
    }
    // The probe's own, the pools' (jobs go on trying) and the test's.
    expect(await openSockets()).toBeLessThanOrEqual(MAX_CONNECTIONS + 2);
  } finally {
    server.thaw();
  }
  await untilReadyIs(200);
  // What the frozen server had in its queue, it has meanwhile seen off.
  await until(async () => {
    const { rows } = await admin.query(`SELECT FROM pg_stat_activity WHERE application_name = 'nagaya:probe'`);
    return rows.length === 1;
  });
  expect((await ask('violations')).status).toBe(200);
}, 120_000);

test('while it drains it is alive and not ready, begins nothing new, answers what it has begun, and ends with status 0', async () => {
  let ended: Promise<number | null> | undefined;
  const [answer] = await withWaiting(1, async () => {
    ended = served.end('SIGTERM');
    const { down } = await until(async () => {
      const probed = await probe('ready');
      return 'process' in probed.down ? probed : undefined;
    });
    expect(down['process']?.message).toContain('ending');
    expect(await statuses()).toEqual([200, 503, 200]);
    const refused = await ask('violations');
    expect([refused.status, refused.headers.get('retry-after'), await refused.json()]).toEqual([503, '1', expect.objectContaining({ code: 'unavailable' })]);
  });
  expect([answer?.status, answer?.headers.get('connection')]).toEqual([200, 'close']);
  expect(await ended).toBe(0);
});
