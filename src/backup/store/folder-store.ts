import { constants, createWriteStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors/app-error.js';
import { MANIFEST_FILE } from '../archive/manifest.js';
import { absentIsUndefined, entriesBelow, isFolder, plainFile } from '../plain-files.js';
import { lastTouched } from '../scratch-folder.js';
import { missingFile, type BackupStore, type BackupWriter } from './backup-store.js';

const UNFINISHED = '.unfinished-';
/** Backups hold everybody's data. */
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** Backups as folders of a folder, each written under another name and renamed when it is whole. The folder may be a link; what is in it may not. */
export class FolderStore implements BackupStore {
  constructor(readonly place: string) {}

  async begin(name: string): Promise<BackupWriter> {
    const folder = join(this.place, UNFINISHED + name);
    await mkdir(this.place, { recursive: true, mode: FOLDER_MODE });
    // Not where something lies already: a link there would have the rows written elsewhere.
    await mkdir(folder, { mode: FOLDER_MODE });
    return new FolderWriter(folder, join(this.place, name));
  }

  async manifests(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const entry of await this.entries()) {
      if (entry.startsWith('.')) continue;
      const file = await this.open(entry, MANIFEST_FILE).catch(strangeIsUndefined);
      if (file === undefined) continue;
      try {
        found.set(entry, await file.readFile('utf8'));
      } finally {
        await file.close();
      }
    }
    return found;
  }

  async read(name: string, path: string): Promise<Readable> {
    // Opened here, so that a missing file is told before anything is done with the others.
    const file = await this.open(name, path);
    if (file === undefined) throw missingFile(name, path);
    return file.createReadStream({ highWaterMark: 1024 * 1024 });
  }

  pathOf(name: string, path: string): string {
    return join(this.place, name, path);
  }

  async fileOf(name: string, path: string): Promise<string> {
    const file = await plainFile(this.place, `${name}/${path}`);
    if (file === undefined) throw missingFile(name, path);
    return file;
  }

  async sizesOf(name: string): Promise<Map<string, number>> {
    const entries = await entriesBelow(join(this.place, name));
    return new Map([...entries].flatMap(([path, entry]) => (entry.isFile() ? [[path, entry.size]] : [])));
  }

  async remove(name: string): Promise<void> {
    const folder = join(this.place, name);
    if (!(await isFolder(folder))) return;
    await rm(join(folder, MANIFEST_FILE), { force: true });
    await rm(folder, { recursive: true, force: true });
  }

  async sweep(olderThanMs: number): Promise<void> {
    for (const entry of await this.entries()) {
      if (!entry.startsWith(UNFINISHED)) continue;
      const folder = join(this.place, entry);
      if (Date.now() - (await lastTouched(folder)) > olderThanMs) await rm(folder, { recursive: true, force: true });
    }
  }

  /** The folders that lie there. */
  private async entries(): Promise<string[]> {
    const entries = (await readdir(this.place).catch(absentIsUndefined)) ?? [];
    const folders: string[] = [];
    for (const entry of entries) if (await isFolder(join(this.place, entry))) folders.push(entry);
    return folders;
  }

  private async open(name: string, path: string): Promise<FileHandle | undefined> {
    const file = await plainFile(this.place, `${name}/${path}`);
    return file === undefined ? undefined : open(file, constants.O_RDONLY | constants.O_NOFOLLOW).catch(absentIsUndefined);
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

/** What lies under a manifest's name and is no file is no manifest; nor is what this user may not look into, as `lost+found` at the root of a volume. */
function strangeIsUndefined(error: unknown): undefined {
  const isForbidden = typeof error === 'object' && error !== null && 'code' in error && error.code === 'EACCES';
  if (!isForbidden && !(error instanceof AppError)) throw error;
  return undefined;
}
