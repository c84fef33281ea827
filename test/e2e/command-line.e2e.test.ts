import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { openCluster, requireAdminUrl } from '../../src/database/cluster.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { ENGINE } from '../support/engine.js';
import { environmentOf, nagaya, serve, type Ended } from '../support/process.js';

let database: TestDatabase;
let env: Record<string, string>;
beforeAll(async () => {
  database = await createTestDatabase();
  env = environmentOf(database);
});
afterAll(() => database.drop());

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
    [['key', 'create', '--product', 'nobody'], 1],
    [['key', 'revoke', '01890000-0000-7000-8000-000000000000'], 1],
  ])('nagaya %j ends with %i and a sentence', async (args, status) => {
    const ended = await run(...args);
    expect(ended.status).toBe(status);
    expect(ended.stdout + ended.stderr).not.toBe('');
    expect(ended.stderr).not.toMatch(/\n\s+at /);
  });

  test('a bad configuration is told all at once, secrets apart, with status 2', async () => {
    const ended = await nagaya(['status'], { PORT: 'x', NAGAYA_NONSENSE: '1', NAGAYA_ROLE_SECRET: 'short-secret', LOG_LEVEL: 'loud' });
    expect(ended.status).toBe(2);
    for (const name of ['PORT', 'NAGAYA_NONSENSE', 'NAGAYA_ROLE_SECRET', 'LOG_LEVEL']) expect(ended.stderr).toContain(name);
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

describe('a served process', () => {
  test('the demo finds it, plays the day and prints what it found', async () => {
    const served = await serve(env);
    try {
      const demo = await nagaya(['demo', '--json'], { ...env, PORT: new URL(served.url).port });
      expect(demo.stderr).toBe('');
      expect(demo.status).toBe(0);
      expect(json(demo)).toMatchObject({ baseUrl: served.url });
      // Other verbs work beside it, on the embedded engine by joining the process that has the folder.
      expect((await run('status')).status).toBe(0);
    } finally {
      expect(await served.end('SIGTERM')).toBe(0);
    }
  });
});
