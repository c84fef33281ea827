import { createWriteStream } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors/app-error.js';
import { ENCRYPTED_SUFFIX, type BackupKey } from '../archive/cipher.js';
import { Digest, digestFile } from '../archive/digest.js';
import type { BackupManifest, SchemaArchive, StoredFile } from '../archive/manifest.js';
import type { BackupHouse } from '../backup-house.js';
import { makeScratchFolder } from '../scratch-folder.js';
import { nameOf } from '../dump/archive-writer.js';
import { explainFailure } from '../client/explain-failure.js';
import { keyFor } from './find-backup.js';

/** Archives that are proven to be what was written, where pg_restore can read them. */
export interface FetchedArchives {
  /** The file, or the folder of the directory format. */
  readonly pathOf: (archive: SchemaArchive) => string;
  /** Deletes what had to be fetched. */
  readonly close: () => Promise<void>;
}

/**
 * Reads every file of the archives whole and compares it with the manifest before anything is restored from it. What is
 * encrypted, or not on this machine, is written to a temporary folder (TMPDIR) on the way.
 * @throws AppError `validation_failed` naming the file that is missing, cut off or changed
 */
export async function fetchArchives(house: BackupHouse, manifest: BackupManifest, archives: readonly SchemaArchive[], signal: AbortSignal): Promise<FetchedArchives> {
  const key = keyFor(manifest, house);
  const scratch = await makeScratchFolder();
  const close = (): Promise<void> => rm(scratch, { recursive: true, force: true });
  const isHere = key === undefined && house.store.pathOf(manifest.name, '.') !== undefined;
  try {
    for (const { archive, files } of archives) {
      assertInside(archive);
      for (const file of files) {
        if (plainName(file.path) !== plainName(archive) && !file.path.startsWith(`${archive}/`)) throw strange(file.path);
        await fetchFile(house, manifest, file, key, isHere ? undefined : scratch, signal);
      }
      if (files.length === 0) throw strange(archive);
    }
  } catch (error) {
    await close();
    throw explainFailure(error, `The backup ${manifest.name} can't be read.`);
  }
  return {
    pathOf: ({ archive }) => (isHere ? (house.store.pathOf(manifest.name, archive) ?? archive) : join(scratch, plainName(archive))),
    close,
  };
}

async function fetchFile(house: BackupHouse, manifest: BackupManifest, file: StoredFile, key: BackupKey | undefined, into: string | undefined, signal: AbortSignal): Promise<void> {
  assertInside(file.path);
  const read = into === undefined ? digestHere(house, manifest, file, signal) : copyInto(into, house, manifest, file, key, signal);
  const found = await read.catch((error: unknown) => {
    // A bucket that does not answer, or a file that may not be read, is another matter.
    if (!(error instanceof AppError && error.code === 'not_found')) throw error;
    throw new AppError('validation_failed', `The backup ${manifest.name} lacks its file ${file.path}. Nothing was restored; use another backup.`, { cause: error });
  });
  if (found.bytes === file.bytes && found.sha256 === file.sha256) return;
  throw new AppError(
    'validation_failed',
    `The file ${file.path} of the backup ${manifest.name} is not what was written: ${found.bytes === file.bytes ? 'its SHA-256 differs' : `${found.bytes} bytes instead of ${file.bytes}`}. Nothing was restored; use another backup.`,
  );
}

type Found = Pick<StoredFile, 'bytes' | 'sha256'>;

async function digestHere(house: BackupHouse, manifest: BackupManifest, file: StoredFile, signal: AbortSignal): Promise<Found> {
  return digestFile((await house.store.fileOf(manifest.name, file.path)) ?? '', signal);
}

async function copyInto(folder: string, house: BackupHouse, manifest: BackupManifest, file: StoredFile, key: BackupKey | undefined, signal: AbortSignal): Promise<Found> {
  const path = plainName(file.path);
  const content = await house.store.read(manifest.name, file.path);
  const digest = new Digest();
  const target = join(folder, path);
  await mkdir(dirname(target), { recursive: true, mode: 0o700 });
  const output = createWriteStream(target, { mode: 0o600 });
  if (key === undefined) await pipeline(content, digest, output, { signal });
  else await pipeline(content, digest, key.decrypt(nameOf(manifest.id, path)), output, { signal });
  return { bytes: digest.bytes, sha256: digest.sha256() };
}

function plainName(path: string): string {
  return path.endsWith(ENCRYPTED_SUFFIX) ? path.slice(0, -ENCRYPTED_SUFFIX.length) : path;
}

/** A manifest is a file that somebody may have put there; its paths stay below its folder. */
function assertInside(path: string): void {
  if (/^[\w.-]+(\/[\w.-]+)*$/.test(path) && !path.split('/').includes('..')) return;
  throw strange(path);
}

function strange(path: string): AppError {
  return new AppError('validation_failed', `The manifest names a file that can't be one of a backup: ${JSON.stringify(path)}.`);
}
