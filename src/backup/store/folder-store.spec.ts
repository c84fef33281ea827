import { lstat, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { FolderStore } from './folder-store.js';

const NEVER = new AbortController().signal;
const LONG_AGO = new Date('2026-01-01T00:00:00Z');
const DAY_MS = 24 * 3_600_000;

let folder: string;
let store: FolderStore;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'nagaya-folder-')));
  store = new FolderStore(join(folder, 'backups'));
  const writer = await store.begin('good');
  for (const path of ['core.dump', 'tea_house/toc.dat']) await writer.write(path, Readable.from(['rows'], { objectMode: false }), NEVER);
  await writer.commit('the manifest of good');
  // What lies elsewhere and looks like a backup, old enough for any sweep.
  await mkdir(join(folder, 'elsewhere', 'tea_house'), { recursive: true });
  for (const path of ['manifest.json', 'core.dump', 'tea_house/toc.dat']) await writeFile(join(folder, 'elsewhere', path), `precious ${path}`);
  for (const path of ['manifest.json', 'core.dump', 'tea_house/toc.dat', 'tea_house', '.']) await utimes(join(folder, 'elsewhere', path), LONG_AGO, LONG_AGO);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const elsewhere = async (): Promise<string[]> =>
  Promise.all(['manifest.json', 'core.dump', 'tea_house/toc.dat'].map((path) => readFile(join(folder, 'elsewhere', path), 'utf8')));
const WHOLE = ['precious manifest.json', 'precious core.dump', 'precious tea_house/toc.dat'];
const isLink = async (name: string): Promise<boolean> => (await lstat(join(store.place, name))).isSymbolicLink();

describe('a symbolic link in the store', () => {
  it.each(['../elsewhere', '/nowhere', '.'])('that stands for a backup (%s) is none: not listed, not read, not deleted, and neither is what it leads to', async (target) => {
    await symlink(target, join(store.place, 'linked'));
    expect([...(await store.manifests()).keys()]).toEqual(['good']);
    await expect(store.read('linked', 'core.dump')).rejects.toMatchObject({ code: 'validation_failed', message: expect.stringContaining('linked in') });
    await expect(store.fileOf('linked', 'core.dump')).rejects.toMatchObject({ code: 'validation_failed', message: expect.stringContaining('symbolic link') });
    expect(await store.sizesOf('linked')).toEqual(new Map());
    await store.remove('linked');
    expect([await isLink('linked'), await elsewhere()]).toEqual([true, WHOLE]);
    expect([...(await store.manifests()).keys()]).toEqual(['good']);
  });

  it('that stands for what was cut off is not swept, and neither is what it leads to', async () => {
    await symlink('../elsewhere', join(store.place, '.unfinished-linked'));
    const cutOff = join(store.place, '.unfinished-real');
    await mkdir(cutOff);
    await symlink('../../elsewhere', join(cutOff, 'core'));
    await utimes(cutOff, LONG_AGO, LONG_AGO);
    // A link that was made a moment ago: what it leads to is older, and is not asked.
    await store.sweep(DAY_MS);
    expect((await readdir(store.place)).sort()).toEqual(['.unfinished-linked', '.unfinished-real', 'good']);
    await store.sweep(-60_000);
    expect((await readdir(store.place)).sort()).toEqual(['.unfinished-linked', 'good']);
    expect(await elsewhere()).toEqual(WHOLE);
  });

  it.each([
    ['core.dump', 'core.dump', '../../elsewhere/core.dump'],
    ['tea_house', 'tea_house/toc.dat', '../../elsewhere/tea_house'],
  ])('in the place of %s is not read, has no size, and goes alone when the backup does', async (link, path, target) => {
    await rm(join(store.place, 'good', link), { recursive: true });
    await symlink(target, join(store.place, 'good', link));
    for (const reading of [store.read('good', path), store.fileOf('good', path)]) {
      await expect(reading).rejects.toMatchObject({ code: 'validation_failed', message: expect.stringContaining(`good/${link} in`) });
    }
    expect((await store.sizesOf('good')).has(path)).toBe(false);
    await store.remove('good');
    expect([await readdir(store.place), await elsewhere()]).toEqual([[], WHOLE]);
  });

  it('in the place of a manifest makes no backup', async () => {
    await mkdir(join(store.place, 'planted'));
    await symlink('../../elsewhere/manifest.json', join(store.place, 'planted', 'manifest.json'));
    await mkdir(join(store.place, 'strange', 'manifest.json'), { recursive: true });
    expect([...(await store.manifests()).keys()]).toEqual(['good']);
  });

  it('that leads round in a circle ends nobody’s look', async () => {
    await symlink('..', join(store.place, 'good', 'round'));
    expect(await store.sizesOf('good')).toEqual(new Map([['core.dump', 4], ['manifest.json', 20], ['tea_house/toc.dat', 4]]));
  });

  it('is not written through', async () => {
    await symlink('../elsewhere', join(store.place, '.unfinished-next'));
    await expect(store.begin('next')).rejects.toMatchObject({ code: 'EEXIST' });
    await symlink('../elsewhere', join(store.place, 'other'));
    const writer = await store.begin('other');
    await expect(writer.commit('{}')).rejects.toMatchObject({ code: 'ENOTDIR' });
    await writer.abort();
    expect([(await readdir(join(folder, 'elsewhere'))).sort(), await elsewhere()]).toEqual([['core.dump', 'manifest.json', 'tea_house'], WHOLE]);
  });
});

it('may be reached by a link itself, which whoever set it up has put there', async () => {
  await symlink('backups', join(folder, 'by-link'));
  const linked = new FolderStore(join(folder, 'by-link'));
  expect([...(await linked.manifests()).keys()]).toEqual(['good']);
  expect(await text(await linked.read('good', 'core.dump'))).toBe('rows');
  await linked.remove('good');
  expect(await readdir(store.place)).toEqual([]);
});
