import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_BACKUP_SECRET } from '../support/engine.js';
import { asSuperuser, urlOfDatabase } from '../support/postgres-server.js';
import { environmentOf, nagaya } from '../support/process.js';
import { migrateTestHouse } from '../support/template.js';
import { superuserRows } from './support/superuser-rows.js';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
  await migrateTestHouse({ ...database.configuration, backupSecret: TEST_BACKUP_SECRET });
  await asSuperuser(database.name, `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data) SELECT 's', 'question ' || i, 'answer', '{}' FROM generate_series(1, 50) i`);
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const run = (args: string[], env: Record<string, string> = {}) =>
  nagaya(args, { ...environmentOf(database), NAGAYA_BACKUP_SECRET: TEST_BACKUP_SECRET, NAGAYA_BACKUP_TO: folder, NAGAYA_BACKUP_SCRATCH_URL: urlOfDatabase('postgres'), ...env });
async function succeeding(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args);
  expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout;
}
const state = () =>
  superuserRows(
    database.name,
    `SELECT p.status, (SELECT array_agg(nspname::text) FROM pg_namespace WHERE nspname LIKE '%coding\\_rule2') AS schemas, (SELECT rolcanlogin FROM pg_roles WHERE rolname = 'coding_rule2') AS login
       FROM core.products p WHERE id = 'coding_rule2'`,
  );

test('where the backup before it fails, the product is not archived', async () => {
  const failed = await run(['product', 'archive', 'coding_rule2'], { NAGAYA_PG_BIN: folder });
  expect([failed.status, failed.stderr]).toEqual([1, expect.stringContaining('client programs')]);
  expect(await state()).toEqual([{ status: 'active', schemas: ['coding_rule2'], login: true }]);
  expect(await readdir(folder)).toEqual([]);
});

test('an archived product has a backup that holds all of it, and comes back', async () => {
  expect(await succeeding('product', 'archive', 'coding_rule2')).toMatch(/Backed up as .*-coding_rule2-[\s\S]*is archived/);
  expect(await state()).toEqual([{ status: 'archived', schemas: ['nagaya_archived_coding_rule2'], login: false }]);
  const [made] = (JSON.parse(await succeeding('backup', 'list', '--json')) as { items: { id: string }[] }).items;
  expect(made).toMatchObject({ schema: 'coding_rule2', status: 'succeeded', provenAt: null });
  const verified = JSON.parse(await succeeding('backup', 'verify', made!.id, '--json')) as { rows: string };
  expect(Number(verified.rows)).toBeGreaterThanOrEqual(50);

  expect(await succeeding('product', 'restore-archive', 'coding_rule2')).toContain('is active');
  expect(await state()).toEqual([{ status: 'active', schemas: ['coding_rule2'], login: true }]);
  expect(await superuserRows(database.name, 'SELECT count(*)::int AS rows FROM coding_rule2.conversation_context')).toEqual([{ rows: 50 }]);
});

test('without a backup where none is wanted, or none can be made', async () => {
  expect(await succeeding('product', 'archive', 'coding_rule2', '--without-backup')).toContain('No backup is made first.');
  await succeeding('product', 'restore-archive', 'coding_rule2');
  expect((await nagaya(['product', 'archive', 'coding_rule2'], environmentOf(database))).stdout).toContain('No backup is made first.');
  await succeeding('product', 'restore-archive', 'coding_rule2');
});
