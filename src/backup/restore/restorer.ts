import type { Cluster } from '../../database/cluster.js';
import { AppError } from '../../errors/app-error.js';
import { isRestorable, type BackupManifest, type SchemaArchive } from '../archive/manifest.js';
import type { BackupHouse } from '../backup-house.js';
import { findPrograms } from '../client/programs.js';
import { restoreSqlFiles } from '../embedded/restore-sql-files.js';
import { restoreArchive } from './restore-archive.js';
import type { RestoreScript } from './restore-script.js';

export interface RestoreOptions {
  /** Where the archive is: a file, or a folder. */
  readonly path: string;
  readonly script: RestoreScript;
  /** False in a scratch database, whose server need not have the roles that policies name. */
  readonly withPolicies: boolean;
  readonly signal: AbortSignal;
}

/** Restores one schema in one transaction, compared with its manifest before the commit. */
export type Restorer = (archive: SchemaArchive, options: RestoreOptions) => Promise<void>;

export interface RestorerTarget {
  /** The login that restores. */
  readonly url: string;
  readonly engine: Cluster['engine'];
  readonly major: number;
}

/**
 * What restores archives of this kind: pg_restore and psql, or for those of the embedded engine the SQL that they are.
 * @throws AppError `conflict` where this server, or this release, can't take the backup
 */
export async function restorerFor(house: Pick<BackupHouse, 'settings' | 'store'>, manifest: BackupManifest, { url, engine, major }: RestorerTarget): Promise<Restorer> {
  assertRestorable(house, manifest, engine, major);
  // Fingerprints are of one major version; another prints the same definition otherwise.
  const sameMajor = majorOf(manifest) === major;
  if (manifest.engine === 'embedded') return (archive, options) => restoreSqlFiles(archive, { ...options, url, folder: options.path, sameMajor });
  const programs = await findPrograms(major, house.settings.clientFolder);
  return (archive, options) => restoreArchive(archive, { ...options, programs, url, sameMajor });
}

function assertRestorable({ store }: Pick<BackupHouse, 'store'>, manifest: BackupManifest, engine: Cluster['engine'], major: number): void {
  const { name } = manifest;
  if (!isRestorable(manifest)) throw new AppError('conflict', `The backup ${name} is plain SQL, which psql restores and Nagaya does not. Where there is no such schema yet: ${psqlLine(store, manifest)}`);
  if (manifest.engine !== 'embedded' && engine === 'embedded') {
    throw new AppError('conflict', `The backup ${name} is of a PostgreSQL server, and its archives are read by pg_restore, which can not write to the embedded engine. Restore it to a server (DATABASE_ADMIN_URL).`);
  }
  if (majorOf(manifest) > major) throw new AppError('conflict', `The backup ${name} is of PostgreSQL ${majorOf(manifest)}; this server is ${major}. Restore it to a server that is not older.`);
}

/** With it, anybody restores what Nagaya does not. */
function psqlLine(store: BackupHouse['store'], { name, archives, roles }: BackupManifest): string {
  const place = (path: string): string => store.pathOf(name, path) ?? `${store.place}/${name}/${path}`;
  const files = [...(roles === null ? [] : [roles.path]), ...archives.map(({ archive }) => archive)];
  return `psql --dbname=<database> --single-transaction --set=ON_ERROR_STOP=1 ${files.map((file) => `--file=${place(file)}`).join(' ')}`;
}

function majorOf({ versions }: BackupManifest): number {
  return Number.parseInt(versions.server, 10);
}
