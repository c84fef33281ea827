import pg from 'pg';
import type { Queryable } from '../../database/admin-connection.js';
import { quoteLiteral } from '../../database/quote-ident.js';

/** How long a backup waits for a table that somebody has locked, before it gives up: milliseconds. */
export const LOCK_WAIT_MS = 30_000;

/** How values are printed: the same wherever they are summed, be it after a restore. */
export const PRINTED_ALIKE = { DateStyle: 'ISO, YMD', IntervalStyle: 'postgres', TimeZone: 'UTC', extra_float_digits: '1', bytea_output: 'hex' } as const;

/** Names must be printed in full too. */
export const SNAPSHOT_SETTINGS = `SET search_path = ''; ${Object.entries(PRINTED_ALIKE).map(([name, value]) => `SET ${name} = ${quoteLiteral(value)};`).join(' ')} SET row_security = on; SET statement_timeout = 0`;

/**
 * A snapshot waits, in its transaction, for as long as pg_dump reads: time-outs that a server or a database gives to everybody
 * would end it. Asked by name, as transaction_timeout is there from PostgreSQL 17 on. The sums take one process, not also the
 * workers that serve others.
 */
const PATIENT = `SELECT set_config(name, '0', false) FROM pg_settings
  WHERE name IN ('idle_in_transaction_session_timeout', 'transaction_timeout', 'max_parallel_workers_per_gather')`;

/** A connection in a read-only transaction that sees the database as it was at one moment. */
export interface Snapshot extends Queryable {
  /** What pg_dump's --snapshot and others take; good while this is open. */
  readonly id: string;
  /** Ends the transaction: what is asked from here on sees the database as it is. */
  leave(): Promise<void>;
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
    await client.query(`${SNAPSHOT_SETTINGS}; SET lock_timeout = ${lockWaitMs}; ${PATIENT}`);
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
      leave: async () => void (await client.query('COMMIT')),
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
