import { mkdtemp, open, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { BackupKey } from '../../src/backup/archive/cipher.js';
import { parseManifest, writeManifest, type BackupManifest } from '../../src/backup/archive/manifest.js';
import type { BackupHouse } from '../../src/backup/backup-house.js';
import { BackupRecords } from '../../src/backup/backup-records.js';
import { findPrograms } from '../../src/backup/client/programs.js';
import { createBackup, type CreatedBackup, type CreateBackupOptions } from '../../src/backup/dump/create-backup.js';
import { findBackup } from '../../src/backup/restore/find-backup.js';
import { confirmRestore, restoreSchema, undoRestore, type RestoreSchemaOptions } from '../../src/backup/restore/restore-schema.js';
import { restoreWhole } from '../../src/backup/restore/restore-whole.js';
import { verifyBackup } from '../../src/backup/restore/verify-backup.js';
import { FolderStore } from '../../src/backup/store/folder-store.js';
import { newId } from '../../src/database/new-id.js';
import { TEST_BACKUP_SECRET } from '../support/engine.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { asSuperuser, createEmptyDatabase, dropDatabase, urlOfDatabase } from '../support/postgres-server.js';
import { environmentOf } from '../support/process.js';
import { migrateTestHouse } from '../support/template.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { waitingIn, whileLocked } from './support/backends.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

const KEY = 'a key that encrypts the backups of tests';
const NEVER = new AbortController().signal;

let database: TestDatabase;
let opened: OpenTestDatabase;
let folder: string;
let house: BackupHouse;

beforeAll(async () => {
  const made = await createTestDatabase();
  database = { ...made, configuration: { ...made.configuration, backupSecret: TEST_BACKUP_SECRET } };
  await migrateTestHouse(database.configuration);
  opened = await openTestDatabase(database);
  await asSuperuser(
    database.name,
    `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data, vector_embedding)
     SELECT 's', 'question ' || i, E'answer\\twith\\\\odd 茶 characters', jsonb_build_object('i', i), (SELECT array_agg(sin(i * d)) FROM generate_series(1, 1536) d)::extensions.vector
       FROM generate_series(1, 20) i`,
    `INSERT INTO core.monitoring_events (product_id, event_type, event_data) SELECT 'tea_house', 'brewed', '{}' FROM generate_series(1, 30)`,
  );
});
afterAll(async () => {
  await opened.close();
  await database.drop();
});

/** Which of the logins that know the schema tea_house may use this one. */
async function mayLookInto(schema: string): Promise<string[]> {
  const [found] = await asSuperuser(database.name, `SELECT r FROM unnest(array['nagaya_backup', 'tea_house']) r WHERE has_schema_privilege(r, '${schema}', 'USAGE')`);
  return ((found?.rows ?? []) as { r: string }[]).map(({ r }) => r);
}

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
  house = houseWith({});
  await asSuperuser(database.name, 'TRUNCATE tea_house.teas, monitoring.restores, monitoring.backups');
  await brew('sencha', 'hojicha', 'gyokuro');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function houseWith(settings: Partial<BackupHouse['settings']>, store = new FolderStore(folder)): BackupHouse {
  return {
    cluster: opened.cluster,
    house: TEST_HOUSE,
    control: opened.databases.control,
    settings: { ...database.configuration.backup, scratchUrl: urlOfDatabase('postgres'), ...settings },
    store,
    version: 'test',
  };
}

async function brew(...names: string[]): Promise<void> {
  for (const name of names) await opened.databases.product('tea_house').query('INSERT INTO tea_house.teas (name) VALUES ($1)', [name]);
}

const teas = async (schema = 'tea_house'): Promise<string[]> =>
  (await superuserRows<{ name: string }>(database.name, `SELECT name FROM "${schema}".teas ORDER BY name`)).map(({ name }) => name);
const backup = (schema: string | null, options: Partial<CreateBackupOptions> = {}, of = house): Promise<CreatedBackup> =>
  createBackup(of, { backup: { id: newId(), schema, format: 'custom' }, signal: NEVER, ...options });
const restore = (manifest: BackupManifest, options: Partial<RestoreSchemaOptions> = {}, of = house) =>
  restoreSchema(of, { manifest, schema: 'tea_house', requestedBy: 'test', roleConnectionLimit: database.configuration.roleConnectionLimit, signal: NEVER, ...options });
const verify = (manifest: BackupManifest, of = house) => verifyBackup(of, { manifest, purpose: 'verify', requestedBy: 'test', signal: NEVER });
const fileOf = ({ location }: CreatedBackup, name = 'tea_house.dump'): string => join(location, name);

/** The same backup with other files, and a manifest that says that they are right: what only the archive itself can tell. */
async function resealed(created: CreatedBackup): Promise<BackupManifest> {
  const { createHash } = await import('node:crypto');
  const path = join(created.location, 'manifest.json');
  const { seal: _, ...manifest } = parseManifest(await readFile(path, 'utf8'), 'test');
  const archives = await Promise.all(
    manifest.archives.map(async (archive) => ({
      ...archive,
      files: await Promise.all(
        archive.files.map(async (file) => {
          const content = await readFile(join(created.location, file.path));
          return { path: file.path, bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') };
        }),
      ),
    })),
  );
  await writeFile(path, writeManifest({ ...manifest, archives }, undefined));
  return findBackup(house, manifest.name);
}

async function flip(path: string, at: number): Promise<void> {
  const file = await open(path, 'r+');
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  await file.write(Buffer.from([buffer[0]! ^ 1]), 0, 1, at);
  await file.close();
}

describe('a full backup', () => {
  test('holds every row of every schema, partitions too, and is proven by restoring it', async () => {
    const { manifest } = await backup(null);
    expect(manifest.archives.map(({ schema }) => schema)).toEqual(['core', 'monitoring', 'coding_rule2', 'tea_house']);
    const rows = Object.fromEntries(manifest.archives.flatMap(({ schema, tables }) => tables.map((table) => [`${schema}.${table.name}`, table.rows])));
    expect(rows).toMatchObject({ 'tea_house.teas': '3', 'coding_rule2.conversation_context': '20', [`core.monitoring_events_${new Date().toISOString().slice(0, 10).replaceAll('-', '')}`]: '30' });
    expect(await verify(await findBackup(house, manifest.id))).toMatchObject({ schemas: 4 });
    expect(await superuserRows('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'nagaya\\_scratch\\_%'`)).toEqual([]);
    const [proven] = await superuserRows<object>(database.name, 'SELECT purpose, status, duration_seconds > 0 AS timed, data_age_seconds > 0 AS aged FROM monitoring.restores');
    expect(proven).toEqual({ purpose: 'verify', status: 'succeeded', timed: true, aged: true });
  });

  test('is restored whole into an empty database, by a migrator who is no superuser', async () => {
    const { manifest } = await backup(null);
    const empty = `${database.name}_again`;
    await createEmptyDatabase(empty);
    try {
      await restoreWhole(house, { manifest, into: empty, roleConnectionLimit: database.configuration.roleConnectionLimit, signal: NEVER });
      expect(await superuserRows(empty, 'SELECT count(*)::int AS teas, (SELECT count(*)::int FROM core.monitoring_events) AS events FROM tea_house.teas')).toEqual([{ teas: 3, events: 30 }]);
      await expect(restoreWhole(house, { manifest, into: empty, roleConnectionLimit: 60, signal: NEVER })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('empty database') });
    } finally {
      await dropDatabase(empty);
    }
  });
});

describe('what is wrong with a backup is found before anything is restored:', () => {
  const expectRefused = async (manifest: BackupManifest, what: RegExp, of = house): Promise<void> => {
    await expect(restore(manifest, {}, of)).rejects.toThrow(what);
    expect(await teas()).toEqual(['gyokuro', 'hojicha', 'sencha']);
  };

  test('a flipped byte, a file cut off, a file that is missing', async () => {
    const created = await backup('tea_house');
    await flip(fileOf(created), 2_000);
    await expectRefused(created.manifest, /SHA-256 differs/);
    await flip(fileOf(created), 2_000);
    await truncate(fileOf(created), 3_000);
    await expectRefused(created.manifest, /3000 bytes instead of/);
    await rm(fileOf(created));
    await expectRefused(created.manifest, /lacks its file tea_house\.dump/);
  });

  test('a manifest that was changed', async () => {
    const created = await backup('tea_house');
    const path = join(created.location, 'manifest.json');
    await writeFile(path, (await readFile(path, 'utf8')).replace('"rows": "3"', '"rows": "2"'));
    await expect(findBackup(house, created.manifest.id)).rejects.toThrow(/changed or damaged/);
  });

  test('an archive that is cut off, of somebody else, or of a newer pg_dump', async () => {
    const created = await backup('tea_house');
    const whole = await readFile(fileOf(created));
    await truncate(fileOf(created), whole.length - 4_000);
    await expectRefused(await resealed(created), /damaged, cut off|not what|other rows|could not/);
    await writeFile(fileOf(created), 'CREATE TABLE not_one_of_ours ();');
    await expectRefused(await resealed(created), /not one of pg_dump/);
    const newer = Buffer.from(whole);
    newer[6] = 99;
    await writeFile(fileOf(created), newer);
    await expectRefused(await resealed(created), /newer pg_dump/);
  });

  test('an archive with other rows than the manifest says', async () => {
    const created = await backup('tea_house');
    await brew('matcha');
    const other = await backup('tea_house');
    await writeFile(fileOf(created), await readFile(fileOf(other)));
    await asSuperuser(database.name, `DELETE FROM tea_house.teas WHERE name = 'matcha'`);
    await expectRefused(await resealed(created), /teas has other rows/);
  });

  test('encrypted: another key, a flipped byte; with the right key it restores', async () => {
    const encrypting = houseWith({ key: KEY });
    const created = await backup('tea_house', {}, encrypting);
    expect((await readFile(fileOf(created, 'tea_house.dump.aes'))).includes('teas')).toBe(false);
    await expect(findBackup(house, created.manifest.id)).rejects.toThrow(/Set NAGAYA_BACKUP_KEY/);
    await expect(findBackup(houseWith({ key: `${KEY}!` }), created.manifest.id)).rejects.toThrow(/another key/);
    await flip(fileOf(created, 'tea_house.dump.aes'), 1_000);
    await expectRefused(created.manifest, /changed, cut off, or encrypted with another key|SHA-256 differs/, encrypting);
    await flip(fileOf(created, 'tea_house.dump.aes'), 1_000);
    expect(new BackupKey(KEY).id).toBe(created.manifest.encryption?.keyId);
    expect(await restore(created.manifest, { as: 'teas_again' }, encrypting)).toMatchObject({ schema: 'teas_again', kept: null });
    expect(await teas('teas_again')).toEqual(await teas());
    await asSuperuser(database.name, 'DROP SCHEMA teas_again CASCADE');
  });
});

describe('a backup that fails says why and leaves nothing:', () => {
  const expectNothing = async (): Promise<void> => expect(await readdir(folder)).toEqual([]);

  test('the disk is full', async () => {
    class FullDisk extends FolderStore {
      override async begin(name: string) {
        const writer = await super.begin(name);
        await symlink('/dev/full', join(this.place, `.unfinished-${name}`, 'tea_house.dump'));
        return writer;
      }
    }
    await expect(backup('tea_house', {}, houseWith({}, new FullDisk(folder)))).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('no room left') });
    await expectNothing();
  });

  test('a table is locked', async () => {
    await whileLocked(database.name, 'tea_house.teas', () =>
      expect(backup('tea_house', { lockWaitMs: 200 })).rejects.toMatchObject({ code: 'timeout', message: expect.stringContaining('kept a table locked') }),
    );
    await expectNothing();
  });

  test('a row that a policy hides would be missing', async () => {
    await asSuperuser(database.name, 'DROP POLICY backup_rows ON core.ai_systems');
    await expect(backup('core')).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('core.ai_systems') });
    await migrateTestHouse(database.configuration);
    await expectNothing();
  });

  test('it is stopped', async () => {
    const stop = new AbortController();
    await whileLocked(database.name, 'tea_house.teas', async () => {
      const stopped = backup('tea_house', { signal: stop.signal }).catch((error: unknown) => error);
      await until(async () => (await waitingIn(database.name)) > 0);
      stop.abort();
      expect(await stopped).toMatchObject({ message: expect.stringContaining('stopped') });
    });
    await expectNothing();
  });

  test('the client programs are of another version', async () => {
    await expect(findPrograms(99)).rejects.toThrow(/Install them \(Debian and Ubuntu: postgresql-client-99/);
  });
});

test('a schema that is migrated while it is dumped is dumped anew', async () => {
  let begun = 0;
  const { manifest } = await backup('tea_house', {
    onProgress: async () => {
      if (++begun === 1) await asSuperuser(database.name, `ALTER TABLE tea_house.teas ADD COLUMN cups numeric DEFAULT random()`);
    },
  });
  expect(begun).toBe(2);
  expect(await verify(manifest)).toMatchObject({ rows: expect.stringMatching(/^[1-9]/) });
  await asSuperuser(database.name, 'ALTER TABLE tea_house.teas DROP COLUMN cups');
});

test('killed with -9 midway, it is no backup, and the next one is made', async () => {
  const records = new BackupRecords(opened.databases.control);
  await whileLocked(database.name, 'coding_rule2.memory_inheritance', async () => {
    const cli = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
    const env = { PATH: process.env['PATH'], ...environmentOf(database), NAGAYA_BACKUP_SECRET: TEST_BACKUP_SECRET, NAGAYA_BACKUP_TO: folder };
    const child = spawn(process.execPath, [cli, 'backup', 'create', '--schema', 'coding_rule2'], { env, cwd: tmpdir(), stdio: 'ignore' });
    await until(async () => (await readdir(folder)).length > 0 && (await waitingIn(database.name)) > 0);
    child.kill('SIGKILL');
    await once(child, 'close');
  });
  expect((await readdir(folder)).filter((name) => !name.startsWith('.'))).toEqual([]);
  await expect(records.queue('coding_rule2', 'custom', 'test')).rejects.toMatchObject({ code: 'conflict' });
  await asSuperuser(database.name, `UPDATE monitoring.backups SET lease_until = now() - interval '1 second'`);
  expect(await records.queue('coding_rule2', 'custom', 'test')).toMatchObject({ status: 'queued' });
});

describe('a restore in place', () => {
  test('exchanges the schema, keeps the state before, and gives it back or deletes it', async () => {
    const { manifest } = await backup(null);
    await brew('matcha');
    const { kept } = await restore(manifest);
    expect(await teas()).toEqual(['gyokuro', 'hojicha', 'sencha']);
    expect(await teas(kept!)).toContain('matcha');
    expect(await mayLookInto(kept!)).toEqual([]);
    await brew('kukicha');
    await expect(restore(manifest)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('not confirmed') });
    const undone = await undoRestore(house, 'tea_house', database.configuration.roleConnectionLimit);
    expect([await teas(), await teas(undone.kept!)]).toEqual([['gyokuro', 'hojicha', 'matcha', 'sencha'], ['gyokuro', 'hojicha', 'kukicha', 'sencha']]);
    await brew('bancha');
    expect(await mayLookInto(undone.kept!)).toEqual([]);
    expect(await mayLookInto('tea_house')).toEqual(['nagaya_backup', 'tea_house']);
    expect(await confirmRestore(house, 'tea_house')).toBe(undone.kept);
    expect(await superuserRows(database.name, `SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tea_house\\_\\_%'`)).toEqual([]);
  });

  test('that is interrupted leaves the schema as it was', async () => {
    const { manifest } = await backup('tea_house');
    const stop = new AbortController();
    await whileLocked(database.name, 'tea_house.teas', async () => {
      const stopped = restore(manifest, { signal: stop.signal }).catch((error: unknown) => error);
      await until(async () => (await waitingIn(database.name)) > 0);
      stop.abort();
      expect(await stopped).toMatchObject({ message: expect.stringContaining('as it was') });
    });
    await brew('matcha');
    expect(await teas()).toEqual(['gyokuro', 'hojicha', 'matcha', 'sencha']);
  });

  test('of plain SQL is refused with the line that restores it, and that line does', async () => {
    const { manifest } = await createBackup(house, { backup: { id: newId(), schema: 'tea_house', format: 'plain' }, signal: NEVER });
    const refused = await restore(manifest).catch((error: unknown) => error as Error);
    const [, line] = /(psql --dbname=<database> .*)$/.exec(refused instanceof Error ? refused.message : '') ?? [];
    expect(line).toContain('tea_house.sql');
    await expect(verify(manifest)).rejects.toMatchObject({ code: 'conflict' });
    const empty = `${database.name}_plain`;
    await createEmptyDatabase(empty);
    try {
      const [program = '', ...args] = line!.replace('<database>', urlOfDatabase(empty)).split(' ');
      const child = spawn(program, args, { stdio: 'ignore' });
      expect(await once(child, 'close')).toEqual([0, null]);
      expect(await superuserRows(empty, 'SELECT name FROM tea_house.teas ORDER BY name')).toEqual([{ name: 'gyokuro' }, { name: 'hojicha' }, { name: 'sencha' }]);
    } finally {
      await dropDatabase(empty);
    }
    const encrypted = createBackup(houseWith({ key: KEY }), { backup: { id: newId(), schema: 'tea_house', format: 'plain' }, signal: NEVER });
    await expect(encrypted).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('can not decrypt') });
  });

  test('is refused for the schemas that all products stand on', async () => {
    const { manifest } = await backup('core');
    await expect(restore(manifest, { schema: 'core' })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('--as core_old') });
  });
});

test('beside the live schema, nobody who writes there notices', async () => {
  const { manifest } = await backup('tea_house');
  let writing = true;
  let written = 0;
  const writer = (async () => {
    while (writing) await brew(`tea ${++written}`);
  })();
  await restore(manifest, { as: 'teas_beside' });
  writing = false;
  await writer;
  expect(await teas('teas_beside')).toHaveLength(3);
  expect(await teas()).toHaveLength(3 + written);
  expect(written).toBeGreaterThan(0);
  await asSuperuser(database.name, 'DROP SCHEMA teas_beside CASCADE');
});

test('one schema goes into another database too, under its own name or another, and the live one is not touched', async () => {
  const { manifest } = await backup('coding_rule2');
  const other = `${database.name}_other`;
  await createEmptyDatabase(other);
  try {
    expect(await restore(manifest, { schema: 'coding_rule2', into: other })).toEqual({ schema: 'coding_rule2', database: other, kept: null });
    expect(await restore(manifest, { schema: 'coding_rule2', into: other, as: 'cr2_again' })).toMatchObject({ schema: 'cr2_again' });
    const counts = await Promise.all(['coding_rule2', 'cr2_again'].map((schema) => superuserRows(other, `SELECT count(*)::int AS rows FROM ${schema}.conversation_context`)));
    expect(counts).toEqual([[{ rows: 20 }], [{ rows: 20 }]]);
    await expect(restore(manifest, { schema: 'coding_rule2', into: other })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('Give --as a name') });
  } finally {
    await dropDatabase(other);
  }
  expect(await superuserRows(database.name, `SELECT count(*)::int AS kept FROM pg_namespace WHERE nspname LIKE 'coding_rule2\\_\\_%'`)).toEqual([{ kept: 0 }]);
});

test('a backup of a newer server is refused before anything is read', async () => {
  const { manifest } = await backup('tea_house');
  const newer = { ...manifest, versions: { ...manifest.versions, server: '99.1' } };
  await expect(restore(newer)).rejects.toMatchObject({ code: 'conflict', message: expect.stringMatching(/is of PostgreSQL 99; this server is \d+/) });
  expect(await teas()).toHaveLength(3);
});
