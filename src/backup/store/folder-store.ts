import { createWriteStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MANIFEST_FILE } from '../archive/manifest.js';
import { lastTouched } from '../scratch-folder.js';
import { missingFile, type BackupStore, type BackupWriter } from './backup-store.js';

const UNFINISHED = '.unfinished-';
/** Backups hold everybody's data. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Backups as folders of a folder, each written under another name and renamed when it is whole. */
export class FolderStore implements BackupStore {
  constructor(readonly place: string) {}

  async begin(name: string): Promise<BackupWriter> {
    const folder = join(this.place, UNFINISHED + name);
    await mkdir(folder, { recursive: true, mode: FOLDER_MODE });
    return new FolderWriter(folder, join(this.place, name));
  }

  async manifests(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const entry of await entriesOf(this.place)) {
      if (entry.startsWith('.')) continue;
      const text = await readFile(join(this.place, entry, MANIFEST_FILE), 'utf8').catch(absentIsUndefined);
      if (text !== undefined) found.set(entry, text);
    }
    return found;
  }

  async read(name: string, path: string): Promise<Readable> {
    // Opened here, so that a missing file is told before anything is done with the others.
    const file = await open(this.pathOf(name, path), 'r').catch(absentIsUndefined);
    if (file === undefined) throw missingFile(name, path);
    return file.createReadStream({ highWaterMark: 1024 * 1024 });
  }

  pathOf(name: string, path: string): string {
    return join(this.place, name, path);
  }

  async sizesOf(name: string): Promise<Map<string, number>> {
    const folder = join(this.place, name);
    const sizes = new Map<string, number>();
    for (const path of (await readdir(folder, { recursive: true }).catch(absentIsUndefined)) ?? []) {
      const entry = await stat(join(folder, path)).catch(absentIsUndefined);
      if (entry?.isFile() === true) sizes.set(path, entry.size);
    }
    return sizes;
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.place, name, MANIFEST_FILE), { force: true });
    await rm(join(this.place, name), { recursive: true, force: true });
  }

  async sweep(olderThanMs: number): Promise<void> {
    for (const entry of await entriesOf(this.place)) {
      if (!entry.startsWith(UNFINISHED)) continue;
      const folder = join(this.place, entry);
      if (Date.now() - (await lastTouched(folder)) > olderThanMs) await rm(folder, { recursive: true, force: true });
    }
  }
}

class FolderWriter implements BackupWriter {
  constructor(
    private readonly folder: string,
    private readonly finished: string,
  ) {}

  async write(path: string, content: Readable, signal: AbortSignal): Promise<void> {
    const file = join(this.folder, path);
    await mkdir(dirname(file), { recursive: true, mode: FOLDER_MODE });
    // `flush`: on the disk before the backup counts as made.
    await pipeline(content, createWriteStream(file, { mode: FILE_MODE, flush: true, highWaterMark: 1024 * 1024 }), { signal });
  }

  folderOf(path: string): string {
    return join(this.folder, path);
  }

  async commit(manifest: string): Promise<string> {
    await writeFile(join(this.folder, MANIFEST_FILE), manifest, { mode: FILE_MODE, flush: true });
    await syncFolder(this.folder);
    await rename(this.folder, this.finished);
    await syncFolder(dirname(this.finished));
    return this.finished;
  }

  async abort(): Promise<void> {
    await rm(this.folder, { recursive: true, force: true }).catch(() => {});
  }
}

/** A new name in a folder is on the disk only when the folder is. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function entriesOf(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(absentIsUndefined)) ?? [];
}

function absentIsUndefined(error: unknown): undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error;
  return undefined;
}

