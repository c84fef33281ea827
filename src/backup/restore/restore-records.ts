import type { Queryable } from '../../database/admin-connection.js';
import { newId } from '../../database/new-id.js';
import { AppError } from '../../errors/app-error.js';
import type { RestorePurpose, RestoreStatus } from '../../monitoring/backups/restore.entity.js';
import type { BackupManifest } from '../archive/manifest.js';

/** A restore in place keeps its product's traffic out for as long as its lease is renewed. */
const LEASE_SECONDS = 30;

export interface RestoreRecord {
  readonly id: string;
  readonly schema: string | null;
  readonly status: RestoreStatus;
  readonly keptSchema: string | null;
}

export interface NewRestore {
  readonly manifest: Pick<BackupManifest, 'id' | 'dataOf'>;
  readonly purpose: RestorePurpose;
  readonly schema: string | null;
  readonly target: string;
  readonly requestedBy: string;
  /** In place: the name that the state before will have. Written down first, so that it is found whatever becomes of this process. */
  readonly keptSchema?: string | null;
}

/** The rows of `monitoring.restores`. */
export class RestoreRecords {
  constructor(private readonly control: Queryable) {}

  /**
   * Writes down a restore while it runs, and its outcome.
   * @param work answers what `finish` is to write beside the time that it took
   */
  async during<T>(restore: NewRestore, work: (id: string) => Promise<{ result: T; status?: RestoreStatus }>): Promise<T> {
    const id = newId();
    await this.control.query(
      `INSERT INTO monitoring.restores (id, backup_id, purpose, schema_name, target, requested_by, lease_until, data_age_seconds, kept_schema)
       VALUES ($1, $2, $3, $4, $5, $6, now() + make_interval(secs => $7), extract(epoch FROM now() - $8::timestamptz), $9)`,
      [id, restore.manifest.id, restore.purpose, restore.schema, restore.target, restore.requestedBy, LEASE_SECONDS, restore.manifest.dataOf, restore.keptSchema ?? null],
    );
    return this.renewing(id, async () => {
      const { result, status = 'succeeded' } = await work(id);
      await this.control.query(
        `UPDATE monitoring.restores SET status = $2, finished_at = now(), lease_until = NULL, duration_seconds = extract(epoch FROM now() - started_at)
          WHERE id = $1`,
        [id, status],
      );
      return result;
    });
  }

  /** A restore in place that is not confirmed yet: its state before it is still there. @throws AppError `not_found` */
  async unconfirmed(schema: string): Promise<RestoreRecord & { readonly keptSchema: string }> {
    const found = await this.findUnconfirmed(schema);
    if (found !== undefined) return found;
    throw new AppError('not_found', `There is no restore of ${schema} to confirm or undo.`);
  }

  /** What lies in the database counts, not what was written down: who restored may have been killed after the commit. */
  async findUnconfirmed(schema: string): Promise<(RestoreRecord & { readonly keptSchema: string }) | undefined> {
    const [row] = await this.control.query<RestoreRecord & { readonly keptSchema: string }>(
      `SELECT r.id, r.schema_name AS schema, r.status, kept.nspname AS "keptSchema"
         FROM monitoring.restores r
         JOIN pg_namespace kept ON kept.nspname ~ ('^' || r.schema_name || '__(before|undone)_[0-9]{14}$')
        WHERE r.schema_name = $1 AND r.purpose = 'in_place' AND (r.status <> 'running' OR r.lease_until < now())
        ORDER BY kept.nspname = r.kept_schema DESC, r.started_at DESC, right(kept.nspname, 14) DESC LIMIT 1`,
      [schema],
    );
    return row;
  }

  /** Keeps the product's traffic out while `work` changes a restore that is over. */
  async again(id: string, work: () => Promise<{ status: RestoreStatus; keptSchema: string | null }>): Promise<void> {
    const [before] = await this.control.query<{ status: RestoreStatus }>(
      `UPDATE monitoring.restores r SET status = 'running', lease_until = now() + make_interval(secs => $2)
         FROM (SELECT id, status FROM monitoring.restores WHERE id = $1 FOR UPDATE) was WHERE r.id = was.id RETURNING was.status`,
      [id, LEASE_SECONDS],
    );
    try {
      const { status, keptSchema } = await work();
      await this.control.query('UPDATE monitoring.restores SET status = $2, kept_schema = $3, lease_until = NULL WHERE id = $1', [id, status, keptSchema]);
    } catch (error) {
      await this.control.query('UPDATE monitoring.restores SET status = $2, lease_until = NULL WHERE id = $1', [id, before?.status ?? 'unconfirmed']);
      throw error;
    }
  }

  private async renewing<T>(id: string, work: () => Promise<T>): Promise<T> {
    const renewal = setInterval(() => {
      // The next one may succeed; if none does, the product is served again with the state that it has.
      this.control.query('UPDATE monitoring.restores SET lease_until = now() + make_interval(secs => $2) WHERE id = $1', [id, LEASE_SECONDS]).catch(() => {});
    }, (LEASE_SECONDS * 1_000) / 3);
    try {
      return await work();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      await this.control
        .query(`UPDATE monitoring.restores SET status = CASE WHEN to_regnamespace(quote_ident(kept_schema)) IS NULL THEN 'failed' ELSE 'unconfirmed' END,
                       finished_at = now(), lease_until = NULL, error = $2 WHERE id = $1`, [id, reason.slice(0, 2_000)])
        .catch(() => {});
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }
}
