import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { openCluster, requireAdminUrl } from '../../src/database/cluster.js';
import { createTestDatabase, openTestDatabase, type TestDatabase } from '../support/database.js';
import { ENGINE } from '../support/engine.js';
import { environmentOf, nagaya, serve, type Ended, type Served } from '../support/process.js';
import { startReceiver } from '../support/receiver.js';

let database: TestDatabase;
let env: Record<string, string>;
let served: Served;
// Verbs find the service at work, as an operator's do. On the embedded engine they then join the process that has the folder open,
// instead of opening it each for itself.
beforeAll(async () => {
  database = await createTestDatabase();
  env = environmentOf(database);
  served = await serve(env);
});
afterAll(async () => {
  await served.end('SIGTERM');
  await database.drop();
});

const run = (...args: string[]): Promise<Ended> => nagaya(args, env);
const json = ({ stdout }: Ended): unknown => JSON.parse(stdout);

/** As somebody who has the migrator's login and a prompt. */
async function asAdmin(sql: string): Promise<void> {
  const cluster = await openCluster(database.configuration, { purpose: 'visit' });
  try {
    await withAdmin(requireAdminUrl(cluster), (admin) => admin.query(sql));
  } finally {
    await cluster.close();
  }
}

/** As the service's own login, which keeps the alerts. */
async function asControl(sql: string): Promise<void> {
  const open = await openTestDatabase(database, 'visit');
  try {
    await open.databases.control.query(sql);
  } finally {
    await open.close();
  }
}

describe('exit statuses', () => {
  test.each([
    [['--help'], 0],
    [['--version'], 0],
    [[], 2],
    [['dance'], 2],
    [['key', 'create'], 2],
    [['key', 'create', '--operator', '--product', 'coding_rule2'], 2],
    [['key', 'create', '--operator', '--expires', 'tomorrow'], 2],
    [['key', 'revoke', 'not-an-id'], 2],
    [['url', 'nobody'], 2],
    [['migrate', '--schema', 'nothing'], 2],
    [['alerts'], 2],
    [['alerts', 'list', '--rule', 'nothing'], 2],
    [['alerts', 'ack', 'not-an-id'], 2],
    [['alerts', 'set', 'index-invalid', '--threshold', '3'], 1],
    [['alerts', 'ack', '01890000-0000-7000-8000-000000000000'], 1],
    [['product', 'suspend', 'nobody'], 1],
    [['key', 'create', '--product', 'nobody'], 2],
    [['key', 'revoke', '01890000-0000-7000-8000-000000000000'], 1],
  ])('nagaya %j ends with %i and a sentence', async (args, status) => {
    const ended = await run(...args);
    expect(ended.status).toBe(status);
    expect(ended.stdout + ended.stderr).not.toBe('');
    expect(ended.stderr).not.toMatch(/\n\s+at /);
    // Words for a caller over HTTP.
    expect(ended.stderr).not.toMatch(/at this address|this key may see|"errors"/);
  });

  test('a bad configuration is told all at once, secrets apart, with status 2', async () => {
    const ended = await nagaya(['status'], { PORT: 'x', NAGAYA_NONSENSE: '1', NAGAYA_ROLE_SECRET: 'short-secret', LOG_LEVEL: 'loud', ACTIVE_PRODUCTS: 'coding_rule2,nobody' });
    expect(ended.status).toBe(2);
    for (const name of ['PORT', 'NAGAYA_NONSENSE', 'NAGAYA_ROLE_SECRET', 'LOG_LEVEL', 'ACTIVE_PRODUCTS names nobody; there are coding_rule2']) expect(ended.stderr).toContain(name);
    expect(ended.stderr).not.toContain('short-secret');
  });

  test('a server that is not there is told in words', async () => {
    const ended = await nagaya(['status'], { DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/x', NAGAYA_ROLE_SECRET: 'x'.repeat(32) });
    expect([ended.status, ended.stderr]).toEqual([1, expect.stringContaining('Nothing listens')]);
  });
});

describe('keys', () => {
  test('create prints the key and nothing else; --json gives the contract’s fields', async () => {
    const plain = await run('key', 'create', '--operator');
    expect(plain.stdout).toMatch(/^ngy_op_[0-9A-Za-z]{49}\n$/);
    const made = (json(await run('key', 'create', '--product', 'coding_rule2', '--name', 'ci', '--expires', '90d', '--json')) as Record<string, unknown>);
    expect(Object.keys(made)).toEqual(['id', 'key', 'productId', 'permissions', 'expiresAt']);
    expect(made).toMatchObject({ productId: 'coding_rule2', permissions: ['read', 'write'], key: expect.stringMatching(/^ngy_pk_/) as unknown });
    const days = (Date.parse(String(made['expiresAt'])) - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
  });

  test('list shows no key, revoke shows up in it, and both are in the audit log', async () => {
    const { id, key } = (json(await run('key', 'create', '--product', 'coding_rule2', '--json')) as { id: string; key: string });
    expect((await run('key', 'revoke', id)).stdout).toBe('Revoked.\n');
    const listed = await run('key', 'list', '--json');
    expect(listed.stdout).not.toContain(key);
    const row = (json(listed) as { items: { id: string; revokedAt: string | null }[] }).items.find((item) => item.id === id);
    expect(row?.revokedAt).not.toBeNull();
    expect((await run('key', 'list')).stdout).toMatch(/revoked/);
  });
});

describe('the database', () => {
  test('status and plan say that there is nothing to do', async () => {
    const status = (json(await run('status', '--json')) as { engine: string; schemas: { schema: string; ready: boolean }[] });
    expect(status.engine).toBe(ENGINE === 'embedded' ? 'embedded' : 'server');
    expect(status.schemas.map((schema) => [schema.schema, schema.ready])).toEqual([['core', true], ['monitoring', true], ['coding_rule2', true]]);
    expect((await run('migrate', '--plan')).stdout).toBe('Nothing to apply.\n');
  });

  test('doctor finds what was changed by hand and mends it', async () => {
    await asAdmin('REVOKE SELECT ON core.template_config FROM coding_rule2');
    const found = await run('doctor', '--json');
    expect(found.status).toBe(1);
    const errors = (json(found) as { findings: { rule: string; severity: string; detail: string }[] }).findings.filter(({ severity, detail }) => severity === 'error' && !detail.includes('tea_house'));
    expect(errors.map(({ rule }) => rule)).toEqual(['grant-missing']);
    expect((await run('doctor', '--fix')).status).toBe(0);
    expect((await run('doctor')).status).toBe(0);
  });

  test('product list, suspend and resume', async () => {
    expect((await run('product', 'suspend', 'coding_rule2')).stdout).toBe('coding_rule2 is suspended.\n');
    expect((json(await run('product', 'list', '--json')) as { items: { id: string; status: string }[] }).items).toContainEqual(
      expect.objectContaining({ id: 'coding_rule2', status: 'suspended' }),
    );
    expect((await run('product', 'resume', 'coding_rule2')).stdout).toBe('coding_rule2 is active.\n');
  });

  test('url gives a login that is the product', async () => {
    const { role, url } = (json(await run('url', 'coding_rule2', '--json')) as { role: string; url: string });
    expect(role).toBe('coding_rule2');
    expect(new URL(url).username).toBe('coding_rule2');
  });
});

describe('alerts', () => {
  test('health finds, alerts list shows, ack takes on; what is set and silenced is listed and taken back', async () => {
    const { alerts } = json(await run('health', '--json')) as { alerts: { id: string; ruleId: string; state: string; message: string }[] };
    const [few] = alerts.filter(({ ruleId }) => ruleId === 'record-count-low');
    expect(few).toMatchObject({ state: 'pending', message: expect.stringMatching(/^\d+ records?, fewer than 100\.$/) });
    const listed = await run('alerts', 'list', '--rule', 'record-count-low', '--product', 'coding_rule2');
    expect(listed.stdout.split('\n')[0]).toMatch(/^id +state +severity +product +rule +since +taken on by +message$/);
    expect(listed.stdout).toContain('What each rule means and what to do: docs/alerts.md.');
    expect(json(await run('alerts', 'ack', few?.id ?? '', '--note', 'new', '--json'))).toMatchObject({ id: few?.id, acknowledgement: 'new' });

    const set = json(await run('alerts', 'set', 'record-count-low', '--product', 'coding_rule2', '--threshold', '5', '--for', '0s', '--json'));
    expect(set).toMatchObject({ threshold: 5, forSeconds: 0, source: 'product' });
    expect((await run('alerts', 'rules', '--product', 'coding_rule2')).stdout).toMatch(/^record-count-low +on +warning +5 +at once +4 h +product /m);
    expect(json(await run('alerts', 'set', 'record-count-low', '--product', 'coding_rule2', '--reset', '--json'))).toMatchObject({ threshold: 100, source: 'default' });

    const silence = json(await run('alerts', 'silence', '--for', '2h', '--product', 'coding_rule2', '--reason', 'moving', '--json')) as { id: string };
    expect((json(await run('alerts', 'silences', '--json')) as { items: object[] }).items).toEqual([silence]);
    expect(json(await run('alerts', 'unsilence', silence.id, '--json'))).toEqual({ id: silence.id, removed: true });
  }, 180_000);

  test('list gives all of them, however many there are', async () => {
    await asControl(`INSERT INTO monitoring.alerts (fingerprint, rule_id, product_id, subject, severity, state, condition, message)
                     SELECT lpad(n::text, 16, 'x'), 'worker-dead', 'coding_rule2', 'w' || n, 'warning', 'firing', 'breached', 'silent' FROM generate_series(1, 120) AS n`);
    const { items } = json(await run('alerts', 'list', '--rule', 'worker-dead', '--json')) as { items: object[] };
    expect(items).toHaveLength(120);
    await asControl(`DELETE FROM monitoring.alerts WHERE rule_id = 'worker-dead'`);
  });

  test('a trial says of each target what became of it', async () => {
    const receiver = await startReceiver();
    try {
      const targets = { NAGAYA_ALERT_WEBHOOK_URL: receiver.url, NAGAYA_ALERT_SLACK_URL: 'http://127.0.0.1:9/', NAGAYA_ALERT_ALLOWED_NETWORKS: '127.0.0.1/32' };
      const ended = await nagaya(['alerts', 'test'], { ...env, ...targets });
      expect([ended.status, ended.stdout]).toEqual([1, expect.stringMatching(/^✓ webhook took it\.\n✗ slack: 127\.0\.0\.1:9 can't be reached: /)]);
      expect(receiver.received).toHaveLength(1);
    } finally {
      await receiver.close();
    }
  });
});

test('the demo finds the service, plays the day and prints what it found', async () => {
  const demo = await nagaya(['demo', '--json'], { ...env, PORT: new URL(served.url).port });
  expect(demo.stderr).toBe('');
  expect(demo.status).toBe(0);
  expect(json(demo)).toMatchObject({ baseUrl: served.url });
});

test('without a service verbs open the database themselves', async () => {
  expect(await served.end('SIGTERM')).toBe(0);
  expect((await run('status')).status).toBe(0);
});
