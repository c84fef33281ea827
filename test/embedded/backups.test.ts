import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { BackupManifest } from '../../src/backup/archive/manifest.js';
import type { BackupHouse } from '../../src/backup/backup-house.js';
import { createBackup, type CreatedBackup } from '../../src/backup/dump/create-backup.js';
import { findBackup } from '../../src/backup/restore/find-backup.js';
import { confirmRestore, restoreSchema, undoRestore, type RestoreSchemaOptions } from '../../src/backup/restore/restore-schema.js';
import { restoreWhole } from '../../src/backup/restore/restore-whole.js';
import { verifyBackup } from '../../src/backup/restore/verify-backup.js';
import { FolderStore } from '../../src/backup/store/folder-store.js';
import { withAdmin } from '../../src/database/admin-connection.js';
import { openEmbeddedCluster } from '../../src/database/cluster.js';
import { newId } from '../../src/database/new-id.js';
import { migrateHouse } from '../../src/migrate-house.js';
import { testConfiguration } from '../support/engine.js';
import { environmentOf, nagaya } from '../support/process.js';
import { startTestService, type TestService } from '../support/service.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { until } from '../postgres/support/until.js';
import { newFolder, removeFolder } from './embedded-database.js';

/** A trial makes an engine, and verbs of the command line are processes: on a busy machine both take minutes. */
jest.setTimeout(240_000);

/** Everything that a line of SQL, a literal or psql could trip over. */
const ODD = 'two\nlines,\r\na \\ and a \\n, it\'s "quoted", \u2028 茶\n\\restrict nothing\n-- no comment; $$\nCOPY x FROM stdin;\n\\.\n';
const NEVER = new AbortController().signal;
const ROLE_CONNECTIONS = 60;

let folder: string;
let nagayaService: TestService;
let house: BackupHouse;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
  const settings = testConfiguration({ NAGAYA_BACKUP_TO: folder }).backup;
  nagayaService = await startTestService({ backup: settings });
  const { service } = nagayaService;
  house = { cluster: service.cluster, house: TEST_HOUSE, control: service.databases.control, settings, store: new FolderStore(folder), version: 'test' };
  await service.databases.product('coding_rule2').query(
    `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data, vector_embedding)
     SELECT 's', 'question ' || i, $1, jsonb_build_object('odd', $1::text, 'i', i), CASE WHEN i > 2 THEN (SELECT array_agg(sin(i * d)) FROM generate_series(1, 1536) d)::extensions.vector END
       FROM generate_series(1, 240) i`,
    [ODD],
  );
});
afterAll(async () => {
  await nagayaService.stop();
  await rm(folder, { recursive: true, force: true });
});
beforeEach(async () => {
  await sql('TRUNCATE tea_house.teas', 'TRUNCATE monitoring.restores');
  await brew('sencha', 'hojicha');
});

async function sql(...statements: string[]): Promise<Record<string, unknown>[]> {
  return withAdmin(house.cluster.adminUrl!, async (admin) => {
    let rows: Record<string, unknown>[] = [];
    for (const statement of statements) rows = await admin.query(statement);
    return rows;
  });
}
async function brew(...names: string[]): Promise<void> {
  for (const name of names) await nagayaService.service.databases.product('tea_house').query('INSERT INTO tea_house.teas (name) VALUES ($1)', [name]);
}
const teas = async (schema = 'tea_house'): Promise<unknown[]> => (await sql(`SELECT name FROM ${schema}.teas ORDER BY name`)).map(({ name }) => name);
const backup = (schema: string | null, of = house): Promise<CreatedBackup> => createBackup(of, { backup: { id: newId(), schema, format: 'plain' }, signal: NEVER });
const restore = (manifest: BackupManifest, options: Partial<RestoreSchemaOptions> = {}, of = house) =>
  restoreSchema(of, { manifest, schema: 'tea_house', requestedBy: 'test', roleConnectionLimit: ROLE_CONNECTIONS, signal: NEVER, ...options });
const rowsOf = ({ archives }: BackupManifest): Record<string, string> => Object.fromEntries(archives.flatMap(({ schema, tables }) => tables.map((table) => [`${schema}.${table.name}`, table.rows])));

describe('the embedded engine, while it serves,', () => {
  test('is backed up when the API is asked, by the serving process itself', async () => {
    const operator = { key: nagayaService.keys.operator };
    const asked = await nagayaService.request('POST', '/v1/backups', { ...operator, body: { schema: 'tea_house' } });
    expect(asked).toMatchObject({ status: 202, body: { status: 'queued', format: 'plain' } });
    const made = await until(async () => {
      const { body } = await nagayaService.request('GET', `/v1/backups/${String(asked.body['id'])}`, operator);
      return ['queued', 'running'].includes(String(body['status'])) ? undefined : body;
    });
    expect(await sql('SELECT error FROM monitoring.backups')).toEqual([{ error: null }]);
    expect(made).toMatchObject({ status: 'succeeded', workerAlive: true, schemasDone: 1 });
  });

  test('is backed up whole, and the backup is proven on an engine of its own', async () => {
    const { manifest } = await backup(null);
    expect(manifest).toMatchObject({ engine: 'embedded', format: 'plain', roles: { path: 'roles.sql' } });
    expect(manifest.archives.map(({ schema }) => schema)).toEqual(['core', 'monitoring', 'coding_rule2', 'tea_house']);
    expect(rowsOf(manifest)).toMatchObject({ 'coding_rule2.conversation_context': '240', 'tea_house.teas': '2' });
    const verified = await verifyBackup(house, { manifest: await findBackup(house, manifest.id), purpose: 'verify', requestedBy: 'test', signal: NEVER });
    expect(verified).toMatchObject({ schemas: 4 });
    expect(await sql('SELECT purpose, status, duration_seconds > 0 AS timed FROM monitoring.restores')).toEqual([{ purpose: 'verify', status: 'succeeded', timed: true }]);
  });

  test('gives a schema back in its place, and the state before with it', async () => {
    const { manifest } = await backup('tea_house');
    await brew('matcha');
    const { kept } = await restore(manifest);
    expect([await teas(), await teas(kept!)]).toEqual([['hojicha', 'sencha'], ['hojicha', 'matcha', 'sencha']]);
    await brew('bancha');
    const undone = await undoRestore(house, 'tea_house', ROLE_CONNECTIONS);
    expect([await teas(), await teas(undone.kept!)]).toEqual([['hojicha', 'matcha', 'sencha'], ['bancha', 'hojicha', 'sencha']]);
    expect(await confirmRestore(house, 'tea_house')).toBe(undone.kept);
    expect(await sql(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tea_house\\_\\_%'`)).toEqual([]);
  });

  test('restores one beside the live one, its rows as they were, encrypted or not', async () => {
    const encrypting = { ...house, settings: { ...house.settings, key: 'a key that encrypts the backups of tests' } };
    const { manifest, location } = await backup('coding_rule2', encrypting);
    expect((await readFile(join(location, 'coding_rule2/2-rows.sql.aes'))).includes('question')).toBe(false);
    await restore(manifest, { schema: 'coding_rule2', as: 'cr2_again' }, encrypting);
    expect(await sql(`SELECT count(*)::int AS rows, bool_and(ai_response = E'${ODD.replaceAll('\\', '\\\\').replaceAll("'", "''")}') AS same FROM cr2_again.conversation_context`)).toEqual([{ rows: 240, same: true }]);
    expect(await sql('(TABLE coding_rule2.conversation_context EXCEPT TABLE cr2_again.conversation_context) LIMIT 1')).toEqual([]);
    await sql('DROP SCHEMA cr2_again CASCADE');
  });
});

test('a full backup goes into an empty folder, and is migrated and served there', async () => {
  const { manifest } = await backup(null);
  const dataDir = newFolder();
  const cluster = await openEmbeddedCluster({ dataDir }, house.cluster.roles);
  try {
    const there = { ...house, cluster };
    await restoreWhole(there, { manifest, roleConnectionLimit: ROLE_CONNECTIONS, signal: NEVER });
    const { schemas } = await migrateHouse(cluster, TEST_HOUSE, { roleConnectionLimit: ROLE_CONNECTIONS });
    expect(schemas.filter(({ error }) => error !== undefined)).toEqual([]);
    const rows = await withAdmin(cluster.urlOf('tea_house'), (product) => product.query('SELECT name, current_user AS as FROM tea_house.teas ORDER BY name'));
    expect(rows).toEqual([{ name: 'hojicha', as: 'tea_house' }, { name: 'sencha', as: 'tea_house' }]);
    await expect(restoreWhole(there, { manifest, roleConnectionLimit: ROLE_CONNECTIONS, signal: NEVER })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('empty database') });
  } finally {
    await cluster.close();
    removeFolder(dataDir);
  }
});

describe('nothing is changed', () => {
  test('by a backup whose rows are others than its manifest says', async () => {
    const first = await backup('tea_house');
    await brew('matcha');
    const { location, manifest: other } = await backup('tea_house');
    const otherRows = other.archives[0]?.files.find(({ path }) => path.endsWith('2-rows.sql'));
    await writeFile(join(first.location, 'tea_house/2-rows.sql'), await readFile(join(location, 'tea_house/2-rows.sql')));
    await expect(restore(first.manifest)).rejects.toThrow(/2-rows\.sql .* is not what was written/);
    const resealed: BackupManifest = { ...first.manifest, archives: first.manifest.archives.map((archive) => ({ ...archive, files: archive.files.map((file) => (file.path.endsWith('2-rows.sql') ? otherRows! : file)) })) };
    await expect(restore(resealed)).rejects.toThrow(/teas has other rows/);
    expect(await teas()).toEqual(['hojicha', 'matcha', 'sencha']);
  });

  test('by a restore that is stopped', async () => {
    const { manifest } = await backup('tea_house');
    const stop = new AbortController();
    const stopped = restore(manifest, { signal: stop.signal, onProgress: (step) => step.startsWith('restoring') && stop.abort() });
    await expect(stopped).rejects.toThrow(/as it was/);
    await brew('matcha');
    expect(await teas()).toEqual(['hojicha', 'matcha', 'sencha']);
  });

  test('by what the engine can not do, which is refused in words', async () => {
    const { manifest } = await backup('tea_house');
    await expect(restore(manifest, { into: 'another' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('one database') });
    await expect(restore({ ...manifest, engine: 'server', format: 'custom' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('of a PostgreSQL server') });
    const custom = createBackup(house, { backup: { id: newId(), schema: 'tea_house', format: 'custom' }, signal: NEVER });
    await expect(custom).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('say --format plain') });
  });
});

test('the command line joins the process that serves: create, list, verify, restore', async () => {
  const run = async (...args: string[]) => {
    const { status, stdout, stderr } = await nagaya(args, { ...environmentOf(nagayaService.database), NAGAYA_BACKUP_TO: folder });
    expect({ args, status, stderr: status === 0 ? '' : stderr }).toEqual({ args, status: 0, stderr: '' });
    return stdout;
  };
  expect(await run('backup', 'create', '--schema', 'coding_rule2')).toMatch(/serves nobody else while the rows are read[\s\S]*✓ .*-coding_rule2-/);
  const [newest] = (JSON.parse(await run('backup', 'list', '--json')) as { items: { id: string; schema: string; status: string }[] }).items;
  expect(newest).toMatchObject({ schema: 'coding_rule2', status: 'succeeded' });
  expect(await run('restore', newest!.id, '--schema', 'coding_rule2', '--plan')).toContain('nobody is served while the rows are written');
  expect(await run('restore', newest!.id, '--schema', 'coding_rule2')).toContain('holds the data of');
  expect(await run('restore', 'confirm', 'coding_rule2')).toContain('is deleted');
  expect(await sql('SELECT count(*)::int AS rows FROM coding_rule2.conversation_context')).toEqual([{ rows: 240 }]);
});
