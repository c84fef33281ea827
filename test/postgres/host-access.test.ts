import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { withAdmin } from '../../src/database/admin-connection.js';
import type { Finding } from '../../src/database/access/finding.js';
import { hostAccess } from '../../src/database/access/host-access.js';
import { inspectAccess } from '../../src/database/access/repair.js';
import { openCluster } from '../../src/database/cluster.js';
import { planAccess } from '../../src/database/migrator.js';
import { TEST_SECRET, testConfiguration } from '../support/engine.js';
import { migrateTestHouse } from '../support/template.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { OwnServer } from './support/own-server.js';
import { until } from './support/until.js';

const DATABASE = 'nagaya';
/** The superuser comes in from here without a password, which is nobody's door but its own; everybody else gives one. */
const SHUT = ['host all postgres,watcher 127.0.0.1/32 trust', 'host all all 0.0.0.0/0 scram-sha-256'];

let server: OwnServer;
beforeAll(async () => {
  server = await OwnServer.make();
  await server.restart();
  await server.query('postgres', `CREATE DATABASE ${DATABASE}`, 'CREATE ROLE watcher LOGIN');
  await migrateTestHouse(testConfiguration({ DATABASE_URL: server.url(DATABASE), NAGAYA_ROLE_SECRET: TEST_SECRET }));
  await server.query('postgres', `GRANT CONNECT ON DATABASE ${DATABASE} TO watcher`);
}, 120_000);
afterAll(() => server.remove());
beforeEach(() => server.letIn(...SHUT));

/** What doctor finds by this rule, logged in as that role. */
async function examine(role = 'postgres'): Promise<Finding[]> {
  const url = server.url(DATABASE);
  const cluster = await openCluster(testConfiguration({ DATABASE_URL: url, NAGAYA_ROLE_SECRET: TEST_SECRET }), { purpose: 'visit' });
  const plan = await withAdmin(url, (admin) => planAccess(admin, cluster, TEST_HOUSE, 60));
  return withAdmin(url.replace('postgres@', `${role}@`), (admin) => inspectAccess(admin, plan, [hostAccess]));
}

async function comesInWithoutPassword(role: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: server.url(DATABASE).replace('postgres@', `${role}@`) });
  client.on('error', () => {});
  try {
    await client.connect();
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

test('a server that asks every role of ours for a password: nothing is found, and none comes in without', async () => {
  expect(await examine()).toEqual([]);
  await until(async () => !(await comesInWithoutPassword('tea_house')));
});

test('a line that trusts another host is an error, told with its file and number, and is gone when the line is', async () => {
  await server.letIn(...SHUT, '# For the backup machine.', `host ${DATABASE} coding_rule2 10.1.2.3/32 trust`);
  const [{ rows } = { rows: [] }] = await server.query('postgres', 'SHOW hba_file');
  expect(await examine()).toEqual([
    {
      rule: 'host-trust',
      severity: 'error',
      detail: `Line 4 of ${(rows[0] as { hba_file: string }).hba_file} lets anybody in as any of our roles without a password, from 10.1.2.3. Write scram-sha-256 in place of trust, and reload.`,
      fix: [],
    },
  ]);
  await server.letIn(...SHUT);
  expect(await examine()).toEqual([]);
});

test('a line that trusts the machine itself is a warning, and true: whoever is there comes in as the product', async () => {
  await server.letIn('host all tea_house 127.0.0.1/32 trust', ...SHUT);
  expect(await examine()).toEqual([expect.objectContaining({ rule: 'host-trust', severity: 'warning', detail: expect.stringMatching(/^Line 1 of .*pg_hba\.conf lets anybody in/) })]);
  await until(() => comesInWithoutPassword('tea_house'));
});

test('lines for other databases and other roles are nobody\'s of ours', async () => {
  await server.letIn(...SHUT, 'host postgres all 10.0.0.0/8 trust', 'host all watcher 10.0.0.0/8 trust');
  expect(await examine()).toEqual([]);
});

test('a login that may not read the file is told so, which is no error; one that may, reads it', async () => {
  await server.letIn(...SHUT, `host ${DATABASE} all 10.0.0.0/8 trust`);
  expect(await examine('watcher')).toEqual([{ rule: 'host-access-unread', severity: 'notice', detail: expect.stringContaining('was not looked at'), fix: [] }]);
  await server.query(DATABASE, 'GRANT EXECUTE ON FUNCTION pg_hba_file_rules() TO watcher');
  expect(await examine('watcher')).toEqual([expect.objectContaining({ rule: 'host-trust', severity: 'error', detail: expect.stringMatching(/^Line 3 of /) })]);
});
