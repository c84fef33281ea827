import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_BACKUP_SECRET } from '../support/engine.js';
import { asSuperuser } from '../support/postgres-server.js';
import { environmentOf, nagaya, ROOT } from '../support/process.js';
import { migrateTestHouse } from '../support/template.js';
import { waitingIn, whileLocked } from './support/backends.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

let database: TestDatabase;
let folder: string;
let backup: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
  database = await createTestDatabase();
  await migrateTestHouse({ ...database.configuration, backupSecret: TEST_BACKUP_SECRET });
  await ask('before');
  const made = await nagaya(['backup', 'create', '--schema', 'coding_rule2', '--json'], env());
  backup = (JSON.parse(made.stdout) as { id: string }).id;
  await ask('after');
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(() => asSuperuser(database.name, 'TRUNCATE monitoring.restores'));

const env = (): Record<string, string> => ({ ...environmentOf(database), NAGAYA_BACKUP_SECRET: TEST_BACKUP_SECRET, NAGAYA_BACKUP_TO: folder });
const ask = (question: string) =>
  asSuperuser(database.name, `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data) VALUES ('s', '${question}', 'answer', '{}')`);
const asked = async (): Promise<string[]> => (await superuserRows<{ question: string }>(database.name, 'SELECT user_message AS question FROM coding_rule2.conversation_context ORDER BY created_at, id')).map(({ question }) => question);
const keptSchemas = () => superuserRows<{ name: string }>(database.name, `SELECT nspname AS name FROM pg_namespace WHERE nspname LIKE 'coding\\_rule2\\_\\_%'`);
/** psql outlives the process that was killed until it has read all that it was given. */
const restoring = () => superuserRows('postgres', `SELECT pid FROM pg_stat_activity WHERE datname = '${database.name}' AND application_name = 'nagaya-restore'`);

function startRestore(): ChildProcess {
  return spawn(process.execPath, [join(ROOT, 'dist/src/cli.js'), 'restore', backup, '--schema', 'coding_rule2'], { env: { PATH: process.env['PATH'], ...env() }, cwd: tmpdir(), stdio: 'ignore' });
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  await once(child, 'close');
}

test('killed with -9 when all is restored and only the exchange is waited for: nothing is exchanged afterwards either', async () => {
  await whileLocked(database.name, 'coding_rule2.conversation_context', async () => {
    const child = startRestore();
    await until(async () => (await waitingIn(database.name)) > 0);
    await kill(child);
  });
  await until(async () => (await restoring()).length === 0);
  expect(await keptSchemas()).toEqual([]);
  expect(await asked()).toEqual(['before', 'after']);
});

test('killed with -9 after the exchange and before it was written down: the state before is found, and brought back', async () => {
  const child = startRestore();
  await until(async () => (await superuserRows(database.name, `SELECT id FROM monitoring.restores WHERE status = 'running'`)).length > 0);
  await whileLocked(database.name, 'monitoring.restores', async () => {
    await until(async () => (await keptSchemas()).length > 0 && (await waitingIn(database.name)) > 0);
    await kill(child);
  });
  expect(await asked()).toEqual(['before']);
  await asSuperuser(database.name, `UPDATE monitoring.restores SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL`);
  const refused = await nagaya(['restore', backup, '--schema', 'coding_rule2'], env());
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('is not confirmed') });
  expect(await nagaya(['restore', 'undo', 'coding_rule2'], env())).toMatchObject({ status: 0 });
  expect(await asked()).toEqual(['before', 'after']);
  expect(await nagaya(['restore', 'confirm', 'coding_rule2'], env())).toMatchObject({ status: 0 });
  expect(await keptSchemas()).toEqual([]);
});
