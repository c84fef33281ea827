import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { asSuperuser, urlOfDatabase } from '../support/postgres-server.js';
import { nagaya } from '../support/process.js';
import { Deployment } from './support/deployment.js';
import { superuserRows } from './support/superuser-rows.js';

/** Roles belong to the whole server, and an archived product's may not log in: the other tests' coding_rule2 must not be this one's. */
const PREFIX = 'testarchive';
const ROLE = `${PREFIX}_coding_rule2`;

let deployment: Deployment;
let folder: string;
beforeAll(async () => {
  deployment = await Deployment.prepare(PREFIX);
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
  await deployment.migrate();
  await asSuperuser(deployment.database, `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data) SELECT 's', 'question ' || i, 'answer', '{}' FROM generate_series(1, 50) i`);
});
afterAll(async () => {
  await deployment.remove();
  await rm(folder, { recursive: true, force: true });
});

const run = (args: string[], env: Record<string, string> = {}) =>
  nagaya(args, { ...deployment.env, NAGAYA_BACKUP_TO: folder, NAGAYA_BACKUP_SCRATCH_URL: urlOfDatabase('postgres'), ...env });
async function succeeding(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args);
  expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout;
}
const state = () =>
  superuserRows(
    deployment.database,
    `SELECT p.status, (SELECT array_agg(nspname::text) FROM pg_namespace WHERE nspname LIKE '%coding\\_rule2') AS schemas, (SELECT rolcanlogin FROM pg_roles WHERE rolname = '${ROLE}') AS login
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
  expect(await superuserRows(deployment.database, 'SELECT count(*)::int AS rows FROM coding_rule2.conversation_context')).toEqual([{ rows: 50 }]);
});

test('without a backup where none is wanted, or none can be made', async () => {
  expect(await succeeding('product', 'archive', 'coding_rule2', '--without-backup')).toContain('No backup is made first.');
  await succeeding('product', 'restore-archive', 'coding_rule2');
  const { NAGAYA_BACKUP_SECRET: _, ...without } = deployment.env;
  expect((await nagaya(['product', 'archive', 'coding_rule2'], without)).stdout).toContain('No backup is made first.');
  await succeeding('product', 'restore-archive', 'coding_rule2');
});
