import { AppError, notFound } from '../errors/app-error.js';
import { newId } from '../database/new-id.js';
import type { Queryable } from '../database/admin-connection.js';
import type { Backup, BackupFormat } from '../monitoring/backups/backup.entity.js';
import type { CreatedBackup } from './dump/create-backup.js';

export const BACKUP_COLUMNS = `
  id, schema_name AS schema, status, format, requested_by AS "requestedBy", created_at AS "createdAt", started_at AS "startedAt",
  lease_until AS "leaseUntil", finished_at AS "finishedAt", data_of AS "dataOf", schemas_total AS "schemasTotal",
  schemas_done AS "schemasDone", bytes::text AS bytes, location, error`;

/** Without a sign of life for so long, whoever made it is taken for gone; renewed three times as often. */
export const LEASE_SECONDS = 60;

export interface Progress {
  readonly schemasDone: number;
  readonly schemasTotal: number;
  readonly bytes: number;
}

/** The rows of `monitoring.backups`: what was asked for, and how far it is. */
export class BackupRecords {
  constructor(private readonly control: Queryable) {}

  /**
   * @param schema null: every schema
   * @throws AppError `conflict` where one of the same is waiting or under way
   */
  async queue(schema: string | null, format: BackupFormat, requestedBy: string): Promise<Backup> {
    await this.failAbandoned();
    const [row] = await this.control.query<Backup>(
      `INSERT INTO monitoring.backups (id, schema_name, format, requested_by) VALUES ($1, $2, $3, $4)
       ON CONFLICT ((coalesce(schema_name, ''))) WHERE status IN ('queued', 'running') DO NOTHING
       RETURNING ${BACKUP_COLUMNS}`,
      [newId(), schema, format, requestedBy.slice(0, 120)],
    );
    if (row !== undefined) return row;
    const other = await this.underWay(schema);
    throw new AppError(
      'conflict',
      `A backup of ${schema ?? 'every schema'} is ${other?.status === 'queued' ? 'waiting for a worker' : 'under way'} already${other === undefined ? '' : `: ${other.id}`}. Follow that one, or try again when it is over.`,
    );
  }

  /** One that nobody has begun, taken by whoever asks for the same. */
  async claimQueued(schema: string | null): Promise<Backup | undefined> {
    const [row] = await this.control.query<Backup>(
      `UPDATE monitoring.backups SET status = 'running', started_at = now(), lease_until = now() + make_interval(secs => $2)
        WHERE status = 'queued' AND coalesce(schema_name, '') = coalesce($1, '') RETURNING ${BACKUP_COLUMNS}`,
      [schema, LEASE_SECONDS],
    );
    return row;
  }

  /** The one that has waited longest. */
  async claimNext(): Promise<Backup | undefined> {
    await this.failAbandoned();
    const [row] = await this.control.query<Backup>(
      `UPDATE monitoring.backups SET status = 'running', started_at = now(), lease_until = now() + make_interval(secs => $1)
        WHERE id = (SELECT id FROM monitoring.backups WHERE status = 'queued' ORDER BY created_at, id LIMIT 1 FOR UPDATE SKIP LOCKED)
       RETURNING ${BACKUP_COLUMNS}`,
      [LEASE_SECONDS],
    );
    return row;
  }

  /** A sign of life. False where the backup is no longer ours to make. */
  async renew(id: string, { schemasDone, schemasTotal, bytes }: Progress): Promise<boolean> {
    const rows = await this.control.query(
      `UPDATE monitoring.backups SET lease_until = now() + make_interval(secs => $2), schemas_done = $3, schemas_total = $4, bytes = $5
        WHERE id = $1 AND status = 'running' RETURNING id`,
      [id, LEASE_SECONDS, schemasDone, schemasTotal, bytes],
    );
    return rows.length > 0;
  }

  async succeed(id: string, { manifest, location }: CreatedBackup): Promise<Backup> {
    const [row] = await this.control.query<Backup>(
      `UPDATE monitoring.backups
          SET status = 'succeeded', finished_at = now(), lease_until = NULL, data_of = $2, schemas_total = $3, schemas_done = $3, bytes = $4, location = $5, error = NULL
        WHERE id = $1 RETURNING ${BACKUP_COLUMNS}`,
      [id, manifest.dataOf, manifest.archives.length, manifest.bytes, location],
    );
    return row ?? gone();
  }

  async fail(id: string, error: string): Promise<void> {
    await this.control.query(
      `UPDATE monitoring.backups SET status = 'failed', finished_at = now(), lease_until = NULL, error = $2 WHERE id = $1 AND status = 'running'`,
      [id, error.slice(0, 2_000)],
    );
  }

  async expire(ids: readonly string[]): Promise<void> {
    await this.control.query(`UPDATE monitoring.backups SET status = 'expired' WHERE id = ANY($1) AND status = 'succeeded'`, [ids]);
  }

  private async underWay(schema: string | null): Promise<Backup | undefined> {
    const [row] = await this.control.query<Backup>(
      `SELECT ${BACKUP_COLUMNS} FROM monitoring.backups WHERE status IN ('queued', 'running') AND coalesce(schema_name, '') = coalesce($1, '')`,
      [schema],
    );
    return row;
  }

  /** Whoever made these was killed, or lost the database: they would block all that follow. */
  private async failAbandoned(): Promise<void> {
    await this.control.query(
      `UPDATE monitoring.backups SET status = 'failed', finished_at = now(), lease_until = NULL, error = 'The process that made it ended, or lost the database, before it was whole.'
        WHERE status = 'running' AND lease_until < now()`,
    );
  }
}

function gone(): never {
  throw notFound();
}
