import { setTimeout as sleep } from 'node:timers/promises';
import { QueryFailedError, type QueryRunner } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import { quoteIdent } from '../quote-ident.js';
import { recordApplied, recordReverted } from './history.js';
import type { KnownMigration } from './known-migrations.js';
import { LOCK_TIMEOUT_MS } from './migration-source.js';
import type { Direction, RunControl } from './run-events.js';

/** lock_not_available and deadlock_detected: nothing was changed, and later it may be granted. */
const WORTH_ANOTHER_TRY = new Set(['55P03', '40P01']);

/** Thrown where a run was told to stop while a migration waited for its locks: nothing of it was done. */
export class Stopped extends Error {}

/**
 * Takes one migration up or down together with its line in the history: both or neither, in one transaction, but for
 * migrations that say `transaction = false`. One that can't have its locks at once lets go and comes again.
 * @throws AppError naming the migration and the statement, Stopped
 */
export async function applyMigration(runner: QueryRunner, schema: string, migration: KnownMigration, direction: Direction, control: RunControl): Promise<void> {
  const deadline = Date.now() + control.lockPatienceMs;
  for (let attempt = 1; ; attempt++) {
    try {
      return await (migration.transactional ? inTransaction(runner, schema, migration, direction) : stepByStep(runner, schema, migration, direction, control));
    } catch (error) {
      if (!WORTH_ANOTHER_TRY.has(sqlState(error))) throw failure(migration.name, error);
      if (Date.now() > deadline) throw await lockFailure(runner, schema, migration.name, control.lockPatienceMs, error);
    }
    await control.onEvent({ kind: 'waiting', schema, migration: migration.name, attempt });
    await pause(attempt, control.signal);
  }
}

async function inTransaction(runner: QueryRunner, schema: string, migration: KnownMigration, direction: Direction): Promise<void> {
  await runner.startTransaction();
  try {
    await run(runner, schema, migration, direction);
    await runner.commitTransaction();
  } catch (error) {
    // The first failure is the one to report; a connection that broke has rolled back by itself.
    await runner.rollbackTransaction().catch(() => {});
    throw error;
  }
}

/**
 * What forbids a transaction (CREATE INDEX CONCURRENTLY) may have been cut off half way by a crash: an index that was
 * never finished is taken away first, so that the statement can be sent again.
 */
async function stepByStep(runner: QueryRunner, schema: string, migration: KnownMigration, direction: Direction, control: RunControl): Promise<void> {
  await dropUnfinishedIndexes(runner, schema);
  await run(patient(runner, control.lockPatienceMs), schema, migration, direction);
}

async function run(runner: QueryRunner, schema: string, migration: KnownMigration, direction: Direction): Promise<void> {
  const instance = migration.make();
  await instance[direction](runner);
  await (direction === 'up' ? recordApplied(runner, schema, migration.timestamp, migration.name) : recordReverted(runner, schema, migration.name));
}

const UNFINISHED_SQL = `
  SELECT c.relname AS name FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND NOT i.indisvalid AND c.relkind = 'i'
     AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid)`;

async function dropUnfinishedIndexes(runner: QueryRunner, schema: string): Promise<void> {
  const rows = (await runner.query(UNFINISHED_SQL, [schema])) as { name: string }[];
  for (const { name } of rows) await patient(runner, LOCK_TIMEOUT_MS * 20).query(`DROP INDEX CONCURRENTLY IF EXISTS ${quoteIdent(schema)}.${quoteIdent(name)}`);
}

/** CONCURRENTLY waits for readers without anybody waiting for it: it may take its time, and starting over would be dear. */
function patient(runner: QueryRunner, milliseconds: number): QueryRunner {
  const query = async (sql: string, ...rest: never[]): Promise<unknown> => {
    if (!/\bCONCURRENTLY\b/i.test(sql)) return runner.query(sql, ...rest);
    await runner.query(`SET lock_timeout = ${Math.trunc(milliseconds)}`);
    try {
      return await runner.query(sql, ...rest);
    } finally {
      await runner.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    }
  };
  return new Proxy(runner, { get: (target, key) => (key === 'query' ? query : (Reflect.get(target, key, target) as unknown)) });
}

/** Longer each time, up to 3 s, and never the same for two: whoever holds the table is let through in between. */
async function pause(attempt: number, signal: AbortSignal): Promise<void> {
  try {
    await sleep(Math.min(250 * attempt, 3_000) * (0.5 + Math.random()), undefined, { signal });
  } catch {
    throw new Stopped();
  }
}

const HOLDERS_SQL = `
  SELECT DISTINCT a.pid, a.usename AS role, a.state, date_trunc('second', now() - a.xact_start)::text AS age
    FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE n.nspname = $1 AND l.granted AND l.pid <> pg_backend_pid() AND a.datname = current_database()
   ORDER BY a.pid LIMIT 5`;

async function lockFailure(runner: QueryRunner, schema: string, name: string, patienceMs: number, cause: unknown): Promise<AppError> {
  const holders = (await runner.query(HOLDERS_SQL, [schema]).catch(() => [])) as { pid: number; role: string; age: string | null }[];
  const who = holders.map(({ pid, role, age }) => `process ${pid} (${role}, in its transaction for ${age ?? 'an unknown time'})`).join(', ');
  return new AppError(
    'timeout',
    `The migration ${name} could not have its locks within ${Math.round(patienceMs / 1_000)} s. ${who === '' ? 'Nobody holds them now' : `They are held by ${who}`}. Nothing of it was applied; run this again, or give --wait more seconds.`,
    { cause },
  );
}

/** Names the migration, and the statement where there is one: PostgreSQL's words alone don't tell which of many it was. */
function failure(migration: string, error: unknown): AppError {
  const statement = error instanceof QueryFailedError ? `, in: ${error.query.trim()}` : '';
  return new AppError('internal', `The migration ${migration} failed: ${error instanceof Error ? error.message : String(error)}${statement}`, { cause: error });
}

export function sqlState(error: unknown): string {
  const driverError = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return driverError instanceof Error && 'code' in driverError ? String(driverError.code) : '';
}
