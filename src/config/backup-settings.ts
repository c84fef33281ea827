import { resolve } from 'node:path';
import { BUCKET_NAMES, readBucketSettings, type BucketSettings } from './bucket-settings.js';
import { readSchedule, readTime, type ScheduleEntry } from './backup-schedule.js';
import type { EnvironmentReader } from './environment-reader.js';

/** How many backups of one schema are kept, by the rule that keeps them. */
export interface Retention {
  readonly last: number;
  readonly daily: number;
  readonly weekly: number;
  readonly monthly: number;
}

export interface BackupSettings {
  /** A folder's absolute path, or `s3://bucket/prefix`. */
  readonly to: string;
  /** Undefined: backups go to a folder. */
  readonly bucket: BucketSettings | undefined;
  /** Encrypts what is written, and opens it again; undefined: nothing is encrypted. */
  readonly key: string | undefined;
  /** What archives are compressed with, as pg_dump's --compress takes it; undefined: the usual. */
  readonly compression: string | undefined;
  /** Folder of pg_dump, pg_restore and psql; undefined: PATH and the usual places. */
  readonly clientFolder: string | undefined;
  readonly keep: Retention;
  /** Where drills restore into databases of their own; undefined: the migrator's login. */
  readonly scratchUrl: string | undefined;
  /** Archives that are written or read at the same time. */
  readonly jobs: number;
  /** What a worker backs up by itself, and when. */
  readonly schedule: readonly ScheduleEntry[];
  /** How often a worker restores the newest backup on trial; undefined: never. */
  readonly drill: string | undefined;
}

export const BACKUP_NAMES = [
  'NAGAYA_BACKUP_TO',
  ...BUCKET_NAMES,
  'NAGAYA_BACKUP_KEY',
  'NAGAYA_BACKUP_COMPRESSION',
  'NAGAYA_BACKUP_KEEP',
  'NAGAYA_BACKUP_JOBS',
  'NAGAYA_BACKUP_SCHEDULE',
  'NAGAYA_BACKUP_DRILL',
  'NAGAYA_BACKUP_SCRATCH_URL',
  'NAGAYA_PG_BIN',
];

const KEEP: Retention = { last: 3, daily: 7, weekly: 4, monthly: 6 };

export function readBackupSettings(reader: EnvironmentReader): BackupSettings {
  const client = reader.text('NAGAYA_PG_BIN');
  const to = readPlace(reader);
  return {
    to,
    bucket: readBucketSettings(reader, to),
    key: reader.secret('NAGAYA_BACKUP_KEY'),
    compression: readCompression(reader),
    clientFolder: client === undefined ? undefined : resolve(client),
    keep: readRetention(reader),
    scratchUrl: reader.postgresUrl('NAGAYA_BACKUP_SCRATCH_URL'),
    jobs: reader.integer('NAGAYA_BACKUP_JOBS', { default: 1, min: 1, max: 32 }),
    schedule: readSchedule(reader, 'NAGAYA_BACKUP_SCHEDULE'),
    drill: readTime(reader, 'NAGAYA_BACKUP_DRILL'),
  };
}

function readPlace(reader: EnvironmentReader): string {
  const text = reader.text('NAGAYA_BACKUP_TO') ?? './backups';
  if (text.startsWith('s3:')) return text.replace(/\/+$/, '');
  // A folder named "gs:" would hold what its owner believes to be elsewhere.
  if (/^[a-z][a-z0-9+.-]*:/i.test(text)) reader.problems.push(`NAGAYA_BACKUP_TO is "${text}"; it must be a folder or s3://bucket/prefix`);
  return resolve(text);
}

/** Methods and levels that pg_dump knows; another one would fail each backup, at night. */
const COMPRESSION = /^(?:none|gzip(?::[1-9])?|lz4(?::(?:[1-9]|1[0-2]))?|zstd(?::(?:[1-9]|1\d|2[0-2]))?)$/;

function readCompression(reader: EnvironmentReader): string | undefined {
  const value = reader.text('NAGAYA_BACKUP_COMPRESSION');
  if (value === undefined || COMPRESSION.test(value)) return value;
  reader.problems.push(`NAGAYA_BACKUP_COMPRESSION is "${value}"; it must be none, gzip, lz4 or zstd, with a level or without: gzip:1 to 9, lz4:1 to 12, zstd:1 to 22`);
  return undefined;
}

/** `last=3,daily=7,weekly=4,monthly=6`; what is not named is 0, but the last good one is never deleted. */
function readRetention(reader: EnvironmentReader): Retention {
  const entries = reader.list('NAGAYA_BACKUP_KEEP');
  if (entries === undefined) return KEEP;
  const keep: Record<keyof Retention, number> = { last: 0, daily: 0, weekly: 0, monthly: 0 };
  for (const entry of entries) {
    const [, rule, count] = /^(last|daily|weekly|monthly)=(\d{1,4})$/.exec(entry) ?? [];
    if (rule === undefined) {
      reader.problems.push(`NAGAYA_BACKUP_KEEP has "${entry}"; it must look like last=3,daily=7,weekly=4,monthly=6`);
      continue;
    }
    keep[rule as keyof Retention] = Number(count);
  }
  return keep;
}
