import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { intervalSeconds, nextTime } from '../../config/backup-schedule.js';
import { JobRunner } from '../../jobs/job-runner.js';
import { AppError } from '../../errors/app-error.js';
import { HOLDS_THE_ENGINE, usualFormat, type BackupHouse } from '../backup-house.js';
import { BackupRecords } from '../backup-records.js';
import { listBackups, readManifests } from '../list-backups.js';
import { makeBackup } from '../make-backup.js';
import { findBackup } from '../restore/find-backup.js';
import { verifyBackup } from '../restore/verify-backup.js';
import { damageOf } from './damage.js';
import { expired, type Kept } from './retention.js';

/** Injection token of what this process makes backups with. */
export const BACKUP_HOUSE = Symbol('backup house');

/** The job whose signs of life tell that a worker is there. */
export const QUEUE_JOB = { name: 'backup.queue', everySeconds: 5, leaseSeconds: 60 } as const;
const BY = 'schedule';
/** One that failed is tried again before its time comes round: a bucket, or a table, is seldom shut for long. */
const RETRY_SECONDS = 900;

/** What a worker does about backups: those that were asked for, those that are due, what is to be deleted, and drills. */
@Injectable()
export class BackupWork implements OnModuleInit {
  private readonly logger = new Logger(BackupWork.name);
  private readonly records: BackupRecords;

  constructor(
    private readonly runner: JobRunner,
    @Inject(BACKUP_HOUSE) private readonly house: BackupHouse,
  ) {
    this.records = new BackupRecords(house.control);
  }

  onModuleInit(): void {
    const { schedule, drill } = this.house.settings;
    this.runner.add({ ...QUEUE_JOB, run: (signal) => this.makeQueued(signal) });
    this.runner.add({ name: 'backup.schedule', everySeconds: 30, leaseSeconds: 60, run: () => this.queueDue() });
    this.runner.add({ name: 'backup.retention', everySeconds: 3_600, leaseSeconds: 300, run: () => this.deleteExpired() });
    if (drill !== undefined) this.runner.add({ name: 'backup.drill', everySeconds: 60, leaseSeconds: 120, run: (signal) => this.drillIfDue(drill, signal) });
    // On the embedded engine there is no worker whose point would be missed.
    if (schedule.length === 0 && this.house.cluster.engine === 'server') this.logger.warn('NAGAYA_BACKUP_SCHEDULE is not set: backups are made when somebody asks for them, and only then.');
  }

  private async makeQueued(signal: AbortSignal): Promise<void> {
    for (let backup = await this.records.claimNext(); backup !== undefined && !signal.aborted; backup = await this.records.claimNext()) {
      if (this.house.cluster.engine === 'embedded') this.logger.warn(`A backup of ${backup.schema ?? 'every schema'} begins. ${HOLDS_THE_ENGINE}`);
      try {
        const made = await makeBackup(this.house, backup, { signal });
        this.logger.log(`Backup ${made.id} of ${made.schema ?? 'every schema'}: ${made.bytes} bytes at ${made.location}.`);
      } catch (error) {
        // It stands in the record, where the API, the metrics and the alert find it; the next one may well succeed.
        this.logger.error(`The backup ${backup.id} failed: ${messageOf(error)}`);
      }
    }
  }

  /** Each schema of the schedule whose time has come since its last backup was asked for. */
  private async queueDue(): Promise<void> {
    const all = [...this.house.house.shared, ...this.house.house.products].map(({ id }) => id);
    for (const { of, when } of this.house.settings.schedule) {
      const schemas = of === 'full' ? [null] : of === 'each' ? all : [of];
      for (const schema of schemas) if (await this.isDue(schema, when)) await this.queue(schema);
    }
  }

  private async isDue(schema: string | null, when: string): Promise<boolean> {
    const [row] = await this.house.control.query<{ last: Date | null; now: Date; isRetry: boolean }>(
      `SELECT l.created_at AS last, now() AS now, l.status = 'failed' AND l.created_at < now() - make_interval(secs => $2) AS "isRetry"
         FROM (SELECT 1) one
         LEFT JOIN LATERAL (SELECT created_at, status FROM monitoring.backups WHERE coalesce(schema_name, '') = coalesce($1, '') ORDER BY created_at DESC, id DESC LIMIT 1) l ON true`,
      [schema, RETRY_SECONDS],
    );
    if (row === undefined) return false;
    if (row.isRetry) return true;
    // Never made yet: an interval is due at once, a cron expression at its next time, counted from a minute ago.
    const last = row.last ?? (intervalSeconds(when) === undefined ? new Date(row.now.getTime() - 60_000) : new Date(0));
    return nextTime(when, last) <= row.now;
  }

  private async queue(schema: string | null): Promise<void> {
    try {
      await this.records.queue(schema, usualFormat(this.house.cluster), BY);
    } catch (error) {
      // The last one is still under way.
      if (!(error instanceof AppError && error.code === 'conflict')) throw error;
    }
  }

  private async deleteExpired(): Promise<void> {
    for (const { id, name } of expired(await this.goodBackups(), this.house.settings.keep)) {
      await this.house.store.remove(name);
      await this.records.expire([id]);
      this.logger.log(`The backup ${name} was deleted: no rule of NAGAYA_BACKUP_KEEP keeps it.`);
    }
  }

  /**
   * Of this deployment alone: another one that keeps its backups in the same place has rules of its own, and another last good one. One
   * that is damaged keeps no other from being the last good one; it is left for somebody to look at.
   */
  private async goodBackups(): Promise<(Kept & { readonly id: string })[]> {
    const own = new Map((await listBackups(this.house)).filter((backup) => backup.own).map((backup) => [backup.id, backup]));
    const good: (Kept & { readonly id: string })[] = [];
    for (const manifest of await readManifests(this.house)) {
      const { id, name, schema, database, dataOf } = manifest;
      const listed = own.get(id);
      if (listed === undefined) continue;
      const damage = await damageOf(this.house, manifest);
      if (damage === undefined) good.push({ id, name, schema, database, dataOf, proven: listed.provenAt !== null });
      else this.logger.warn(`The backup ${name} is damaged and counts for nothing; look at it, and delete it by hand. ${damage}`);
    }
    return good;
  }

  /** Proves the newest good backup of everything, or the newest of all, where the last drill is long enough ago. */
  private async drillIfDue(when: string, signal: AbortSignal): Promise<void> {
    const [row] = await this.house.control.query<{ last: Date | null; now: Date; database: string }>(
      `SELECT max(started_at) AS last, now() AS now, current_database() AS database FROM monitoring.restores WHERE purpose = 'drill'`,
    );
    if (row === undefined || nextTime(when, row.last ?? new Date(0)) > row.now) return;
    // Another deployment's, or another database's, would prove nothing of this one.
    const good = (await listBackups(this.house)).filter(({ own, database, status, restorable }) => own && database === row.database && status === 'succeeded' && restorable);
    const chosen = good.find((backup) => backup.schema === null) ?? good[0];
    if (chosen === undefined) return;
    const manifest = await findBackup(this.house, chosen.id);
    const { recoverySeconds } = await verifyBackup(this.house, { manifest, purpose: 'drill', requestedBy: BY, signal });
    this.logger.log(`The drill restored ${manifest.name} in ${recoverySeconds.toFixed(1)} s.`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
