import type { Readable } from 'node:stream';
import { AppError } from '../../errors/app-error.js';

/** Where backups are kept. A backup is a set of files under its name; it is there when its manifest is. */
export interface BackupStore {
  /** For people: a path, or `s3://bucket/prefix`. */
  readonly place: string;
  begin(name: string): Promise<BackupWriter>;
  /** The manifests' texts of all finished backups, by name. */
  manifests(): Promise<Map<string, string>>;
  /** @throws AppError `not_found` where the backup has no such file; whatever else went wrong is told as it is */
  read(name: string, path: string): Promise<Readable>;
  /** Where a file or a folder of a backup is, for people and their programs; undefined where it has to be fetched first. */
  pathOf(name: string, path: string): string | undefined;
  /** The file where programs can read it themselves, there and no link; undefined where it has to be fetched first. @throws as `read` does */
  fileOf(name: string, path: string): Promise<string | undefined>;
  /** The bytes of each of its files, by path. @throws where they can't all be listed */
  sizesOf(name: string): Promise<Map<string, number>>;
  /** The manifest goes first: half a backup is none. */
  remove(name: string): Promise<void>;
  /** Deletes what backups that were cut off have left and nobody has touched for so long. */
  sweep(olderThanMs: number): Promise<void>;
}

/** A backup that is being written. Nobody sees it before `commit`. */
export interface BackupWriter {
  write(path: string, content: Readable, signal: AbortSignal): Promise<void>;
  /** Where a program may write files of the backup by itself, below a path; undefined where they have to be handed to `write`. */
  folderOf(path: string): string | undefined;
  /** Proves that what was written is there, writes the manifest, and so makes the backup visible, at once. @returns where it is, for people */
  commit(manifest: string): Promise<string>;
  /** Deletes what was written. Does not throw: it runs because something else failed. */
  abort(): Promise<void>;
}

export function missingFile(name: string, path: string): AppError {
  return new AppError('not_found', `The backup ${name} has no file ${path}.`);
}
