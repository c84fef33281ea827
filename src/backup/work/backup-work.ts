import { Inject, Injectable, Logger, type OnModuleInit } from '@nestjs/common';
import { intervalSeconds, nextTime } from '../../config/backup-schedule.js';
import { JobRunner } from '../../jobs/job-runner.js';
import { AppError } from '../../errors/app-error.js';
import { HOLDS_THE_ENGINE, usualFormat, type BackupHouse } from '../backup-house.js';
import { BackupRecords } from '../backup-records.js';
import { listBackups } from '../list-backups.js';
import { makeBackup } from '../make-backup.js';
import { findBackup } from '../restore/find-backup.js';
import { verifyBackup } from '../restore/verify-backup.js';
import { expired } from './retention.js';

/** Injection token of what this process makes backups with. */
export const BACKUP_HOUSE = Symbol('backup house');

/** The job whose signs of life tell that a worker is there. */
export const QUEUE_JOB = { name: 'backup.queue', everySeconds: 5, leaseSeconds: 60 } as const;
const BY = 'schedule';

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
    const [row] = await this.house.control.query<{ last: Date | null; now: Date }>(
      `SELECT max(created_at) AS last, now() AS now FROM monitoring.backups WHERE coalesce(schema_name, '') = coalesce($1, '')`,
      [schema],
    );
    if (row === undefined) return false;
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
    const good = (await listBackups(this.house)).flatMap((backup) =>
      backup.status === 'succeeded' && backup.name !== null && backup.dataOf !== null ? [{ ...backup, name: backup.name, dataOf: backup.dataOf, proven: backup.provenAt !== null }] : [],
    );
    for (const { id, name } of expired(good, this.house.settings.keep)) {
      await this.house.store.remove(name);
      await this.records.expire([id]);
      this.logger.log(`The backup ${name} was deleted: no rule of NAGAYA_BACKUP_KEEP keeps it.`);
    }
  }

  /** Proves the newest good backup of everything, or the newest of all, where the last drill is long enough ago. */
  private async drillIfDue(when: string, signal: AbortSignal): Promise<void> {
    const [row] = await this.house.control.query<{ last: Date | null; now: Date }>(`SELECT max(started_at) AS last, now() AS now FROM monitoring.restores WHERE purpose = 'drill'`);
    if (row === undefined || nextTime(when, row.last ?? new Date(0)) > row.now) return;
    const good = (await listBackups(this.house)).filter((backup) => backup.status === 'succeeded' && backup.restorable);
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
