import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../errors/app-error.js';
import { AdminConnection } from '../../database/admin-connection.js';
import type { SchemaArchive } from '../archive/manifest.js';
import { fingerprintCheck, rowsCheck, type RestoreScript } from '../restore/restore-script.js';
import { INDEXES_FILE, linesOf, ROWS_FILE, TABLES_FILE } from './sql-files.js';

export interface RestoreSqlFilesOptions {
  /** The login that restores. */
  readonly url: string;
  readonly folder: string;
  readonly script: RestoreScript;
  /** False is refused: policies for roles of other names can't be left out of the files. */
  readonly withPolicies: boolean;
  readonly sameMajor: boolean;
  readonly signal: AbortSignal;
}

/**
 * Restores one schema in one transaction by running its SQL, compares it with what was dumped, and commits only where it is the
 * same. On the embedded engine nobody else is served meanwhile.
 * @throws the database's error; the database is as it was
 */
export async function restoreSqlFiles(archive: SchemaArchive, { url, folder, script, withPolicies, sameMajor, signal }: RestoreSqlFilesOptions): Promise<void> {
  if (!withPolicies) throw new AppError('conflict', `The policies of ${archive.schema} in this backup name roles with another prefix. Restore it with the NAGAYA_ROLE_PREFIX that it was made with.`);
  signal.throwIfAborted();
  const admin = await AdminConnection.open(url, 'nagaya-restore');
  // The end of its connection rolls back, whatever the statement at work.
  const stop = (): void => void admin.close().catch(() => {});
  signal.addEventListener('abort', stop, { once: true });
  try {
    await admin.transaction(async () => {
      for (const statement of script.before) await admin.query(statement);
      await admin.query(await readFile(join(folder, TABLES_FILE), 'utf8'));
      for await (const statement of linesOf(join(folder, ROWS_FILE))) await admin.query(statement);
      await admin.query(rowsCheck(archive));
      await admin.query(await readFile(join(folder, INDEXES_FILE), 'utf8'));
      for (const statement of [...(sameMajor ? [fingerprintCheck(archive)] : []), ...script.after]) await admin.query(statement);
    });
  } catch (error) {
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener('abort', stop);
    await admin.close().catch(() => {});
  }
}
