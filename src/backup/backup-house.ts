import type { BackupSettings } from '../config/backup-settings.js';
import type { Queryable } from '../database/admin-connection.js';
import type { Cluster } from '../database/cluster.js';
import type { House } from '../database/migrator.js';
import { AppError } from '../errors/app-error.js';
import type { BackupFormat } from '../monitoring/backups/backup.entity.js';
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

/** What a backup is written as where nobody says: pg_dump's archive, and on the embedded engine SQL. */
export function usualFormat({ engine }: Pick<Cluster, 'engine'>): BackupFormat {
  return engine === 'embedded' ? 'plain' : 'custom';
}

/** Said before it begins, and worth knowing: there is one session. */
export const HOLDS_THE_ENGINE = 'The embedded engine serves nobody else while the rows are read.';
