import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { openCluster } from '../../src/database/cluster.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { environmentOf, nagaya } from '../support/process.js';

let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await createTestDatabase();
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
});
afterAll(async () => {
  await database.drop();
  await rm(folder, { recursive: true, force: true });
});

const run = (args: string[], to = folder) => nagaya(args, { ...environmentOf(database), NAGAYA_BACKUP_TO: to });
async function succeeding(...args: string[]): Promise<string> {
  const { status, stdout, stderr } = await run(args);
  expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
  return stdout;
}
async function sql(statement: string): Promise<object[]> {
  const cluster = await openCluster(database.configuration, { purpose: 'serve' });
  try {
    return await withAdmin(cluster.adminUrl!, (admin) => admin.query(statement));
  } finally {
    await cluster.close();
  }
}
const STATE = `SELECT p.status, (SELECT array_agg(nspname::text ORDER BY nspname) FROM pg_namespace WHERE nspname LIKE '%coding_rule2') AS schemas FROM core.products p WHERE p.id = 'coding_rule2'`;

test('a product is archived with a backup of it, comes back with its rows, and is dropped after its time', async () => {
  await sql(`INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data) VALUES ('s', 'kept?', 'yes', '{}')`);
  const noFolder = join(folder, 'a file');
  await writeFile(noFolder, '');
  const failed = await run(['product', 'archive', 'coding_rule2'], noFolder);
  expect([failed.status, failed.stderr]).toEqual([1, expect.stringContaining('The backup failed')]);
  expect(await sql(STATE)).toEqual([{ status: 'active', schemas: ['coding_rule2'] }]);

  expect(await succeeding('product', 'archive', 'coding_rule2', '--grace-days', '0')).toMatch(/Backed up as .*-coding_rule2-[\s\S]*is archived/);
  const { items } = JSON.parse(await succeeding('backup', 'list', '--json')) as { items: object[] };
  expect(items).toMatchObject([{ schema: 'coding_rule2', status: 'succeeded' }, { schema: 'coding_rule2', status: 'failed' }]);

  expect(await succeeding('product', 'restore-archive', 'coding_rule2')).toContain('is active');
  expect(await sql(`SELECT user_message AS asked FROM coding_rule2.conversation_context`)).toEqual([{ asked: 'kept?' }]);

  await succeeding('product', 'archive', 'coding_rule2', '--grace-days', '0', '--without-backup');
  expect(await sql(STATE)).toEqual([{ status: 'archived', schemas: ['nagaya_archived_coding_rule2'] }]);
  expect(await succeeding('product', 'drop', 'coding_rule2', '--confirm')).toContain('is dropped');
  expect(await sql(`SELECT nspname FROM pg_namespace WHERE nspname LIKE '%coding_rule2'`)).toEqual([]);
  // Seven processes, each of which opens the engine.
}, 240_000);
