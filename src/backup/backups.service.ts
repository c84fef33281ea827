import { Inject, Injectable } from '@nestjs/common';
import type { Cluster } from '../database/cluster.js';
import { CLUSTER, HOUSE } from '../database/database.module.js';
import { Databases } from '../database/databases.js';
import { readSlice, type Place, type Slice } from '../database/keyset.js';
import type { House } from '../database/migrator.js';
import { invalid, notFound } from '../errors/app-error.js';
import { Backup, type BackupStatus } from '../monitoring/backups/backup.entity.js';
import type { BackupState } from './backup.dto.js';
import { usualFormat } from './backup-house.js';
import { BACKUP_COLUMNS, BackupRecords } from './backup-records.js';
import { QUEUE_JOB } from './work/backup-work.js';

/** A worker that has not asked for work for so long is gone, seconds. */
const SILENT_SECONDS = 60;

const WORKER_SQL = `
  SELECT coalesce(greatest(last_started_at, last_finished_at, lease_until) > now() - make_interval(secs => $2), false) AS alive
    FROM core.jobs WHERE name = $1 AND attempt > 0`;

/** Backups as the API sees them: serving processes ask for one and look how far it is; a worker makes it. */
@Injectable()
export class BackupsService {
  private readonly records: BackupRecords;

  constructor(
    private readonly databases: Databases,
    @Inject(HOUSE) private readonly house: House,
    @Inject(CLUSTER) private readonly cluster: Cluster,
  ) {
    this.records = new BackupRecords(databases.control);
  }

  /** @throws AppError `validation_failed` for an unknown schema, `conflict` where one of the same is under way */
  async start(schema: string | undefined, requestedBy: string): Promise<BackupState> {
    const known = [...this.house.shared, ...this.house.products].map(({ id }) => id);
    if (schema !== undefined && !known.includes(schema)) throw invalid('/schema', `must be one of ${known.join(', ')}`);
    return stateOf(await this.records.queue(schema ?? null, usualFormat(this.cluster), requestedBy), await this.isWorkerAlive());
  }

  async list(filter: { schema?: string; status?: BackupStatus }, limit: number, after: Place | undefined): Promise<Slice<BackupState>> {
    const slice = await readSlice(await this.databases.control.manager(), {
      entity: Backup,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        if (filter.schema !== undefined) query.andWhere('row.schema = :schema', { schema: filter.schema });
        if (filter.status !== undefined) query.andWhere('row.status = :status', { status: filter.status });
      },
    });
    const alive = await this.isWorkerAlive();
    return { items: slice.items.map((backup) => stateOf(backup, alive)), next: slice.next };
  }

  /** @throws AppError `not_found` */
  async get(id: string): Promise<BackupState> {
    const [row] = await this.databases.control.query<Backup>(`SELECT ${BACKUP_COLUMNS} FROM monitoring.backups WHERE id = $1`, [id]);
    if (row === undefined) throw notFound();
    return stateOf(row, await this.isWorkerAlive());
  }

  private async isWorkerAlive(): Promise<boolean> {
    const [row] = await this.databases.control.query<{ alive: boolean }>(WORKER_SQL, [QUEUE_JOB.name, SILENT_SECONDS]);
    return row?.alive ?? false;
  }
}

/** Places and the database's own words are for operators on the command line. */
function stateOf({ id, schema, status, format, requestedBy, createdAt, startedAt, finishedAt, dataOf, schemasTotal, schemasDone, bytes }: Backup, workerAlive: boolean): BackupState {
  return { id, schema, status, format, requestedBy, createdAt, startedAt, finishedAt, dataOf, schemasTotal, schemasDone, bytes: Number(bytes), failed: status === 'failed', workerAlive };
}
