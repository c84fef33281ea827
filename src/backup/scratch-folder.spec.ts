import { existsSync } from 'node:fs';
import { lutimes, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { withScratchFolder } from './scratch-folder.js';

let temporary: string;

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'nagaya-test-'));
});
afterEach(() => rm(temporary, { recursive: true, force: true }));

async function left(name: string, hoursAgo: number): Promise<string> {
  const folder = join(temporary, name);
  await mkdir(folder);
  await writeFile(join(folder, 'core.dump'), 'rows');
  const then = new Date(Date.now() - hoursAgo * 3_600_000);
  for (const path of [join(folder, 'core.dump'), folder]) await utimes(path, then, then);
  return folder;
}

it('is deleted when the work is over, however it ends, and those of work that was killed a day ago with it', async () => {
  const [killed, atWork, anothers] = [await left('nagaya-archives-killed', 25), await left('nagaya-archives-at-work', 23), await left('something-else', 25)];
  const made = await withScratchFolder(async (folder) => {
    await writeFile(join(folder, 'core.dump'), 'rows');
    return folder;
  }, temporary);
  expect([made, killed, atWork, anothers].map((folder) => existsSync(folder))).toEqual([false, false, true, true]);
  let failed = '';
  await expect(withScratchFolder((folder) => Promise.reject(new Error((failed = folder))), temporary)).rejects.toThrow(/nagaya-archives-/);
  expect(existsSync(failed)).toBe(false);
});

it('a link of such a name is left alone, and so is what it leads to', async () => {
  const anothers = await left('something-else', 25);
  const link = join(temporary, 'nagaya-archives-planted');
  await symlink(anothers, link);
  await lutimes(link, 0, 0);
  await withScratchFolder(async () => {}, temporary);
  expect([link, join(anothers, 'core.dump')].map((path) => existsSync(path))).toEqual([true, true]);
});

it('work that has written a moment ago, deep in its folder, is at work', async () => {
  const [folder, old] = [await left('nagaya-archives-deep', 25), new Date(0)];
  await mkdir(join(folder, 'tea_house'));
  await writeFile(join(folder, 'tea_house', 'toc.dat'), 'rows');
  for (const path of [join(folder, 'tea_house'), folder]) await utimes(path, old, old);
  await withScratchFolder(async () => {}, temporary);
  expect(existsSync(join(folder, 'tea_house', 'toc.dat'))).toBe(true);
});
