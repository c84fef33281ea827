import { AppError } from '../errors/app-error.js';
import type { Backup } from '../monitoring/backups/backup.entity.js';
import type { BackupHouse } from './backup-house.js';
import { BackupRecords, LEASE_SECONDS, type Progress } from './backup-records.js';
import { createBackup, type BackupProgress } from './dump/create-backup.js';

export interface MakeOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: BackupProgress) => void;
}

/**
 * Makes a backup that has been claimed, and keeps its record: signs of life and progress meanwhile, the outcome at the end.
 * @throws AppError saying why it failed, which stands in the record too
 */
export async function makeBackup(house: BackupHouse, backup: Backup, { signal, onProgress }: MakeOptions): Promise<Backup> {
  const records = new BackupRecords(house.control);
  let progress: Progress = { schemasDone: 0, schemasTotal: 1, bytes: 0 };
  const lost = new AbortController();
  const renewal = setInterval(() => {
    records.renew(backup.id, progress).then(
      (isOurs) => isOurs || lost.abort(new AppError('conflict', 'The backup was given up: another process took it for abandoned.')),
      // The next one may succeed; if none does, the lease ends.
      () => {},
    );
  }, (LEASE_SECONDS * 1_000) / 6);
  try {
    const created = await createBackup(house, {
      backup,
      signal: AbortSignal.any([signal, lost.signal]),
      onProgress: (step) => {
        progress = step;
        onProgress?.(step);
      },
    });
    return await records.succeed(backup.id, created);
  } catch (error) {
    // The reason is what counts; a database that can't be written to now gets it when the lease is over.
    await records.fail(backup.id, error instanceof Error ? error.message : String(error)).catch(() => {});
    throw error;
  } finally {
    clearInterval(renewal);
  }
}
