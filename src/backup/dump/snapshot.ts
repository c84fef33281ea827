import pg from 'pg';
import type { Queryable } from '../../database/admin-connection.js';
import { quoteLiteral } from '../../database/quote-ident.js';

/** How long a backup waits for a table that somebody has locked, before it gives up: milliseconds. */
export const LOCK_WAIT_MS = 30_000;

/** Printed rows must be the same wherever they are read; names must be printed in full. */
export const SNAPSHOT_SETTINGS = `SET search_path = ''; SET DateStyle = 'ISO, YMD'; SET IntervalStyle = 'postgres'; SET TimeZone = 'UTC'; SET extra_float_digits = 1; SET row_security = on; SET statement_timeout = 0`;

/** A connection in a read-only transaction that sees the database as it was at one moment. */
export interface Snapshot extends Queryable {
  /** What pg_dump's --snapshot and others take; good while this is open. */
  readonly id: string;
  close(): Promise<void>;
}

export interface SnapshotOptions {
  /** The moment to look at: that of another snapshot, which is still open; default: now. */
  readonly of?: string;
  /** When it aborts, the statement at work ends and fails: one that waits for a lock hears of nothing else. */
  readonly signal: AbortSignal;
  readonly lockWaitMs?: number | undefined;
}

/** @param url the login of `nagaya_backup` */
export async function openSnapshot(url: string, { of, signal, lockWaitMs = LOCK_WAIT_MS }: SnapshotOptions): Promise<Snapshot> {
  signal.throwIfAborted();
  const client = new pg.Client({ connectionString: url, application_name: 'nagaya-backup', connectionTimeoutMillis: 10_000, keepAlive: true });
  // A connection that breaks while it is idle is told by the next query.
  client.on('error', () => {});
  await client.connect();
  try {
    await client.query(`${SNAPSHOT_SETTINGS}; SET lock_timeout = ${lockWaitMs}`);
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    if (of !== undefined) await client.query(`SET TRANSACTION SNAPSHOT ${quoteLiteral(of)}`);
    const id = of ?? (await client.query<{ id: string }>('SELECT pg_export_snapshot() AS id')).rows[0]?.id ?? '';
    const { pid } = (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0] ?? {};
    const stop = (): void => void cancel(url, pid);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    return {
      id,
      query: async <Row extends object>(sql: string, values: readonly unknown[] = []) => (await client.query<Row>(sql, [...values])).rows,
      close: () => {
        signal.removeEventListener('abort', stop);
        return client.end();
      },
    };
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
}

/** A role may cancel its own sessions' statements. Does not throw: it runs because something else failed. */
async function cancel(url: string, pid: number | undefined): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: 'nagaya-backup', connectionTimeoutMillis: 5_000 });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT pg_cancel_backend($1)', [pid]);
  } catch {
    // Then it ends by its own lock_timeout.
  } finally {
    await client.end().catch(() => {});
  }
}
