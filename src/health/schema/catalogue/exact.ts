import { MIGRATIONS_TABLE } from '../../../database/access/relations.js';
import { LOCK_SPACE } from '../../../database/migrations/schema-lock.js';
import { quoteIdent } from '../../../database/quote-ident.js';
import type { RoleDatabase } from '../../../database/role-database.js';

/** What was counted and measured; null where it could not be done in the time allowed. */
export interface ExactFigure {
  readonly records: number | null;
  readonly sizeBytes: number | null;
  /** The longest transaction of this login that is open now, seconds; null where there is none. */
  readonly longestTransactionSeconds: number | null;
}

export interface ExactLimits {
  /** A server ends a statement in time; the embedded engine does not, so there only small tables are counted. */
  readonly enforcesTimeouts: boolean;
}

/**
 * Counting holds ACCESS SHARE, which a migration's ALTER TABLE waits for: so long at most is a migration kept. A table
 * that takes longer to count stays an estimate.
 */
const STATEMENT_TIMEOUT = '400ms';
/** A check that would wait behind a migration gives way at once, and comes again at its next turn. */
const LOCK_TIMEOUT = '50ms';
/** Above this, counting would only run into the time-out. */
const COUNTABLE_ROWS = 3_000_000;
/** Some 50 ms of the one session of the embedded engine. */
const COUNTABLE_ROWS_EMBEDDED = 200_000;

const TABLES_SQL = `
  SELECT c.relname::text AS name FROM pg_class c
   WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1)
     AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> $2
   ORDER BY c.relname`;

/** By OID: by name the control login may not ask about other schemas. */
const SIZE_SQL = `
  SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 AS bytes FROM pg_class c
   WHERE c.relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = $1) AND c.relkind IN ('r', 'm', 'S')`;

/** A migration of this schema is under way or waits to begin: its advisory lock is held, or one of its tables is to be changed. */
const MIGRATING_SQL = `
  SELECT EXISTS (
    SELECT FROM pg_locks l
     WHERE l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
       AND (l.locktype = 'advisory' AND l.classid = $2::int4::oid AND l.objid = hashtext($1)::oid AND l.objsubid = 2
            OR l.mode IN ('AccessExclusiveLock', 'ShareRowExclusiveLock') AND l.relation IN (
               SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1))
  ) AS migrating`;

/** Other sessions of the same login: of those it may see when they began. */
const LONGEST_TRANSACTION_SQL = `
  SELECT max(extract(epoch FROM clock_timestamp() - xact_start))::float8 AS seconds FROM pg_stat_activity
   WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()`;

/**
 * Counts and measures one schema through the login that serves it, each statement for itself so that no lock outlives
 * its statement.
 * @param estimatedRows what the catalogue thinks: decides whether counting is worth trying
 */
export async function measure(db: RoleDatabase, schema: string, estimatedRows: number, { enforcesTimeouts }: ExactLimits): Promise<ExactFigure> {
  const nothing = { records: null, sizeBytes: null };
  const [transaction] = await db.query<{ seconds: number | null }>(LONGEST_TRANSACTION_SQL);
  const longestTransactionSeconds = transaction?.seconds ?? null;
  const [state] = await db.query<{ migrating: boolean }>(MIGRATING_SQL, [schema, LOCK_SPACE]);
  if (state?.migrating !== false) return { ...nothing, longestTransactionSeconds };
  const isCountable = estimatedRows <= (enforcesTimeouts ? COUNTABLE_ROWS : COUNTABLE_ROWS_EMBEDDED);
  const tables = isCountable ? await db.query<{ name: string }>(TABLES_SQL, [schema, MIGRATIONS_TABLE]) : null;
  return {
    records: tables && (await inTime(() => countRows(db, schema, tables, enforcesTimeouts))),
    sizeBytes: await inTime(() => brief(db, enforcesTimeouts, () => sizeOf(db, schema))),
    longestTransactionSeconds,
  };
}

/** A transaction for each table: no lock outlives the counting of the one that it is on. */
async function countRows(db: RoleDatabase, schema: string, tables: readonly { name: string }[], enforcesTimeouts: boolean): Promise<number> {
  let records = 0;
  for (const { name } of tables) records += await brief(db, enforcesTimeouts, () => rowsOf(db, schema, name));
  return records;
}

async function rowsOf(db: RoleDatabase, schema: string, table: string): Promise<number> {
  const [row] = await db.query<{ rows: number }>(`SELECT count(*)::float8 AS rows FROM ${quoteIdent(schema)}.${quoteIdent(table)}`);
  return row?.rows ?? 0;
}

async function sizeOf(db: RoleDatabase, schema: string): Promise<number> {
  const [row] = await db.query<{ bytes: number }>(SIZE_SQL, [schema]);
  return row?.bytes ?? 0;
}

/** The time-outs hang on the transaction, so they hold behind a pooler too and are gone with it. */
function brief<T>(db: RoleDatabase, enforcesTimeouts: boolean, work: () => Promise<T>): Promise<T> {
  if (!enforcesTimeouts) return work();
  return db.unitOfWork(async () => {
    await db.query(`SELECT set_config('statement_timeout', $1, true), set_config('lock_timeout', $2, true)`, [STATEMENT_TIMEOUT, LOCK_TIMEOUT]);
    return work();
  });
}

/** Too slow, locked by a migration, or dropped by one a moment ago. */
const GAVE_WAY = new Set(['57014', '55P03', '42P01']);

async function inTime<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    if (GAVE_WAY.has(sqlStateOf(error))) return null;
    throw error;
  }
}

function sqlStateOf(error: unknown): string {
  const cause = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return cause instanceof Error && 'code' in cause ? String(cause.code) : '';
}
