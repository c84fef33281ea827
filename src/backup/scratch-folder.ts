import { lstat, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { entriesBelow, isFolder } from './plain-files.js';

/** What dumps and restores keep for a while, readable by their own user alone: archives on their way, decrypted where they are encrypted. */
const PREFIX = 'nagaya-archives-';
/** Who has not touched it for so long was killed. */
const LIFE_MS = 24 * 3_600_000;

/** A temporary folder, to be deleted by who made it. What those have left that were killed is swept away by the way. */
export async function makeScratchFolder(within = tmpdir()): Promise<string> {
  await sweep(within);
  return mkdtemp(join(within, PREFIX));
}

export async function withScratchFolder<T>(work: (folder: string) => Promise<T>, within = tmpdir()): Promise<T> {
  const folder = await makeScratchFolder(within);
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Another user's can't be looked into or deleted, and is that user's to sweep. */
async function sweep(within: string): Promise<void> {
  for (const name of await readdir(within).catch(() => [])) {
    if (!name.startsWith(PREFIX)) continue;
    const folder = join(within, name);
    if (!(await isFolder(folder))) continue;
    if (Date.now() - (await lastTouched(folder)) > LIFE_MS) await rm(folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** When anything in a folder was last written; 0 for what is gone. */
export async function lastTouched(folder: string): Promise<number> {
  const [own, entries] = [await lstat(folder).catch(() => undefined), await entriesBelow(folder).catch(() => new Map<string, never>())];
  return [...entries.values()].reduce((latest, { mtimeMs }) => Math.max(latest, mtimeMs), own?.mtimeMs ?? 0);
}
