import { setTimeout as sleep } from 'node:timers/promises';
import { MigrationExecutor, QueryFailedError, type DataSource, type QueryRunner } from 'typeorm';
import { AppError } from '../../errors/app-error.js';
import type { SchemaManifest } from '../manifest.js';
import { migrationSource } from './migration-source.js';
import { withLock } from './schema-lock.js';

const LOCK_NOT_AVAILABLE = '55P03';
const ATTEMPTS = 20;

/**
 * Applies what is pending in one schema, under its lock, one transaction a migration.
 * @param onStart called before each attempt with the names of what is pending
 * @returns the names of the migrations that were applied by this call
 */
export async function migrateSchema(
  manifest: SchemaManifest,
  adminUrl: string,
  extensionsSchema: string,
  onStart: (pending: readonly string[]) => void = () => {},
): Promise<string[]> {
  const source = await migrationSource(manifest, adminUrl, extensionsSchema);
  await source.initialize();
  const runner = source.createQueryRunner();
  try {
    return await withLock({ query: (sql, values) => runner.query(sql, values && [...values]) }, `migrate:${manifest.id}`, () =>
      applyPending(source, runner, onStart),
    );
  } finally {
    await runner.release();
    await source.destroy();
  }
}

async function applyPending(source: DataSource, runner: QueryRunner, onStart: (pending: readonly string[]) => void): Promise<string[]> {
  const applied: string[] = [];
  for (let attempt = 1; ; attempt++) {
    const executor = new MigrationExecutor(source, runner);
    // The executor reads its mode from here, not from the DataSource, when it is given a runner.
    executor.transaction = 'each';
    const pending = await executor.getPendingMigrations();
    if (pending.length === 0) return applied;
    onStart(pending.map((migration) => migration.name));
    try {
      const done = await executor.executePendingMigrations();
      return [...applied, ...done.map((migration) => migration.name)];
    } catch (error) {
      // A connection that broke can't say how far it came.
      const still = await executor.getPendingMigrations().catch(() => undefined);
      if (still === undefined) throw error;
      if (sqlState(error) !== LOCK_NOT_AVAILABLE || attempt === ATTEMPTS) throw failure(still[0]?.name, error);
      applied.push(...pending.map((migration) => migration.name).filter((name) => !still.some((migration) => migration.name === name)));
      // Live traffic holds the table: let it through, then try again.
      await sleep(Math.min(250 * attempt, 3000) * (0.5 + Math.random()));
    }
  }
}

/** Names the migration, and the statement where there is one: PostgreSQL's words alone don't tell which of many it was. */
function failure(migration: string | undefined, error: unknown): AppError {
  const statement = error instanceof QueryFailedError ? `, in: ${error.query.trim()}` : '';
  return new AppError('internal', `The migration ${migration ?? '(already recorded)'} failed: ${error instanceof Error ? error.message : String(error)}${statement}`, { cause: error });
}

function sqlState(error: unknown): unknown {
  const driverError = error instanceof Error && 'driverError' in error ? error.driverError : error;
  return driverError instanceof Error && 'code' in driverError ? driverError.code : undefined;
}
