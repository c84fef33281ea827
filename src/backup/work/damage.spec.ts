import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { parseManifest, writeManifest, type BackupManifest } from '../archive/manifest.js';
import { readManifests } from '../list-backups.js';
import { fetchArchives } from '../restore/fetch-archives.js';
import { findBackup } from '../restore/find-backup.js';
import { readBackupSettings } from '../../config/backup-settings.js';
import { EnvironmentReader } from '../../config/environment-reader.js';
import type { BackupHouse } from '../backup-house.js';
import { FolderStore } from '../store/folder-store.js';
import { damageOf } from './damage.js';

let folder: string;
let house: Pick<BackupHouse, 'store' | 'settings'>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-damage-'));
  house = { store: new FolderStore(folder), settings: readBackupSettings(new EnvironmentReader({})) };
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const CONTENT = 'rows of core';

function manifest(over: Partial<BackupManifest> = {}): BackupManifest {
  const file = { path: 'core.dump', bytes: CONTENT.length, sha256: createHash('sha256').update(CONTENT).digest('hex') };
  const archive = { schema: 'core', migration: null, migrations: 0, fingerprint: '', tables: [], archive: 'core.dump', files: [file] };
  const versions = { nagaya: 'test', server: '17.1', client: '17.1', pgvector: null };
  const times = { dataOf: '2026-11-25T00:00:00.000Z', startedAt: '2026-11-25T00:00:00.000Z', finishedAt: '2026-11-25T00:00:01.000Z', durationMs: 1_000 };
  return { manifestVersion: 2, id: '00000000-0000-4000-8000-000000000001', name: 'good', schema: 'core', format: 'custom', compression: 'none', engine: 'server', database: 'nagaya', deployment: 'one', versions, extensionsSchema: 'extensions', ...times, bytes: CONTENT.length, roles: null, archives: [archive], encryption: null, ...over };
}

async function keep(name: string, made: BackupManifest): Promise<void> {
  const writer = await house.store.begin(name);
  await writer.write('core.dump', Readable.from([CONTENT], { objectMode: false }), new AbortController().signal);
  await writer.commit(writeManifest(made, undefined));
}

const damage = async (): Promise<string | undefined> => damageOf(house, parseManifest(await readFile(join(folder, 'good', 'manifest.json'), 'utf8'), 'good'));

it('is told of a file that is cut off or gone, and of a manifest that was changed', async () => {
  await keep('good', manifest());
  expect(await damage()).toBeUndefined();
  await truncate(join(folder, 'good', 'core.dump'), 3);
  expect(await damage()).toBe('Its file core.dump has 3 bytes instead of 12.');
  await rm(join(folder, 'good', 'core.dump'));
  expect(await damage()).toBe('Its file core.dump is not there.');
  const path = join(folder, 'good', 'manifest.json');
  await writeFile(path, (await readFile(path, 'utf8')).replace('2026-11-25T00:00:00.000Z', '2099-11-25T00:00:00.000Z'));
  expect(await damage()).toMatch(/changed or damaged/);
});

it('a manifest that leads to another folder is no backup: nothing is read or deleted there', async () => {
  await mkdir(join(folder, '..', 'nagaya-victim'), { recursive: true });
  await keep('evil', manifest({ name: '../nagaya-victim' }));
  await keep('renamed', manifest());
  expect(await readManifests(house)).toEqual([]);
  await expect(findBackup(house, 'evil')).rejects.toThrow(/under evil is the backup "\.\.\/nagaya-victim"/);
  await expect(findBackup(house, 'renamed')).rejects.toThrow(/Give it its name back/);
  await rm(join(folder, '..', 'nagaya-victim'), { recursive: true });
});

it.each<[string, Partial<BackupManifest['archives'][number]>]>([
  ['lies outside of it', { archive: '../good/core.dump' }],
  ['is none of the files that are compared', { archive: 'other.dump' }],
  ['has no files', { files: [] }],
])('an archive that %s is not restored from', async (_what, over) => {
  const [archive] = manifest().archives;
  const made = manifest({ archives: [{ ...archive!, ...over }] });
  await keep('good', made);
  await expect(fetchArchives(house as BackupHouse, made, made.archives, new AbortController().signal)).rejects.toThrow(/can't be one of a backup/);
});

it('a file that is a link to one that would do is damage, and nothing is restored from it', async () => {
  await keep('good', manifest());
  await rename(join(folder, 'good', 'core.dump'), join(folder, 'elsewhere.dump'));
  await symlink('../elsewhere.dump', join(folder, 'good', 'core.dump'));
  expect(await damage()).toBe('Its file core.dump is not there.');
  await expect(fetchArchives(house as BackupHouse, manifest(), manifest().archives, new AbortController().signal)).rejects.toThrow(/good\/core\.dump in .* is a symbolic link/);
});
