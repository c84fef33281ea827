import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../errors/app-error.js';

// Where backups are kept, and in a temporary folder, others may put a symbolic link. Where it leads is not ours to read or delete, and it
// may lead round in a circle: none is followed.

/** Whether there is a folder of that name, itself and not by a link. */
export async function isFolder(path: string): Promise<boolean> {
  return (await lstat(path).catch(absentIsUndefined))?.isDirectory() === true;
}

/** Everything below a folder, links as such, by its path from there. Nothing where there is no such folder. */
export async function entriesBelow(folder: string): Promise<Map<string, Stats>> {
  const found = new Map<string, Stats>();
  if (!(await isFolder(folder))) return found;
  const waiting = [''];
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    for (const name of (await readdir(join(folder, at)).catch(absentIsUndefined)) ?? []) {
      const path = at === '' ? name : `${at}/${name}`;
      const stats = await lstat(join(folder, path)).catch(absentIsUndefined);
      if (stats === undefined) continue;
      found.set(path, stats);
      if (stats.isDirectory()) waiting.push(path);
    }
  }
  return found;
}

/**
 * The path of a file that lies below a folder itself: no link on the way, and at the end no pipe that would be waited for.
 * @returns undefined where there is nothing of that name
 * @throws AppError `validation_failed` for what is something else
 */
export async function plainFile(folder: string, path: string): Promise<string | undefined> {
  const parts = path.split('/');
  for (const count of parts.keys()) {
    const part = parts.slice(0, count + 1).join('/');
    const stats = await lstat(join(folder, part)).catch(absentIsUndefined);
    if (stats === undefined) return undefined;
    if (count + 1 < parts.length ? stats.isDirectory() : stats.isFile()) continue;
    const what = stats.isSymbolicLink() ? 'is a symbolic link, and none is followed: where it leads is no backup' : 'is not what a backup is made of';
    throw new AppError('validation_failed', `${part} in ${folder} ${what}. Put the files themselves there, or use another backup.`);
  }
  return join(folder, path);
}

export function absentIsUndefined(error: unknown): undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  return undefined;
}
