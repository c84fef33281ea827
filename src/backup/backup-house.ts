import type { BackupSettings } from '../config/backup-settings.js';
import type { Queryable } from '../database/admin-connection.js';
import type { Cluster } from '../database/cluster.js';
import type { House } from '../database/migrator.js';
import { AppError } from '../errors/app-error.js';
import type { BackupStore } from './store/backup-store.js';

/** All that backups and restores work with. */
export interface BackupHouse {
  readonly cluster: Cluster;
  readonly house: House;
  /** The control role's login: the records, and what every backup has to begin with. */
  readonly control: Queryable;
  readonly settings: BackupSettings;
  readonly store: BackupStore;
  /** This release. */
  readonly version: string;
}

/** @throws AppError `unavailable` where this process has no login that reads everything */
export function requireBackupUrl(cluster: Cluster): string {
  if (cluster.backupSecret !== undefined) return cluster.urlOf(cluster.roles.backup);
  throw new AppError(
    'unavailable',
    `Backups log in as ${cluster.roles.backup}, whose password comes from NAGAYA_BACKUP_SECRET. Set it here, and give it to "nagaya migrate" once.`,
  );
}

/** What `pg_dump` needs and the embedded engine has not: a server of a version that there is a client for, and a second session. */
export const NOT_EMBEDDED =
  'The embedded engine takes no backups: they need a PostgreSQL server. Stop Nagaya and copy its data folder (NAGAYA_DATA_DIR) instead; putting the copy back restores it.';
