import type { QueryRunner } from 'typeorm';
import type { SchemaManifest } from '../manifest.js';
import { AppError } from '../../errors/app-error.js';
import { applyMigration, Stopped } from './apply-migration.js';
import { appliedNames, createHistory } from './history.js';
import { knownMigrations, type KnownMigration } from './known-migrations.js';
import type { MigrationConnection } from './migration-connection.js';
import type { Direction, RunControl } from './run-events.js';
import { withLock } from './schema-lock.js';

export interface SchemaOutcome {
  readonly schema: string;
  /** Applied by this run, also where a later one failed; of a rollback, what was taken back. */
  readonly applied: readonly string[];
  /** Why this schema could not be migrated, for operators. */
  readonly error?: unknown;
  /** The run was told to stop before this schema was done. */
  readonly stopped?: true;
}

/**
 * Applies what is pending in one schema, under its lock, one transaction a migration.
 * @param to the last one to apply; all where it is undefined
 */
export async function migrateSchema(connection: MigrationConnection, manifest: SchemaManifest, control: RunControl, to?: string): Promise<SchemaOutcome> {
  return underLock(connection, manifest, control, async (runner, applied) => {
    await createHistory(runner, manifest.id);
    const pending = pendingOf(await knownMigrations(manifest), await appliedNames(runner, manifest.id), to);
    if (pending.length === 0) return;
    await control.onEvent({ kind: 'begun', schema: manifest.id, pending: pending.map((migration) => migration.name) });
    for (const migration of pending) await step(runner, manifest.id, migration, 'up', control, applied);
  });
}

/** Takes back the newest migration of one schema. */
export async function rollBackSchema(connection: MigrationConnection, manifest: SchemaManifest, control: RunControl, expected: string): Promise<SchemaOutcome> {
  return underLock(connection, manifest, control, async (runner, applied) => {
    const newest = (await appliedNames(runner, manifest.id)).at(-1);
    const migration = (await knownMigrations(manifest)).find(({ name }) => name === newest);
    if (migration === undefined || migration.name !== expected) {
      throw new AppError('conflict', `The newest migration of ${manifest.id} is ${newest ?? 'none'} by now, not ${expected}. Look again before taking it back.`);
    }
    await control.onEvent({ kind: 'begun', schema: manifest.id, pending: [migration.name] });
    await step(runner, manifest.id, migration, 'down', control, applied);
  });
}

export function pendingOf(known: readonly KnownMigration[], applied: readonly string[], to?: string): KnownMigration[] {
  const last = to === undefined ? undefined : known.findIndex((migration) => migration.name === to);
  const wanted = last === undefined ? known : known.slice(0, last + 1);
  return wanted.filter((migration) => !applied.includes(migration.name));
}

async function step(runner: QueryRunner, schema: string, migration: KnownMigration, direction: Direction, control: RunControl, applied: string[]): Promise<void> {
  if (control.signal.aborted) throw new Stopped();
  const began = performance.now();
  await control.onEvent({ kind: 'applying', schema, migration: migration.name, direction });
  try {
    await applyMigration(runner, schema, migration, direction, control);
  } catch (error) {
    await control.onEvent({ kind: 'failed', schema, migration: migration.name, error });
    throw error;
  }
  applied.push(migration.name);
  await control.onEvent({ kind: 'applied', schema, migration: migration.name, milliseconds: performance.now() - began });
}

/** Whatever happens, the outcome says what was applied until then. */
async function underLock(
  connection: MigrationConnection,
  manifest: SchemaManifest,
  control: RunControl,
  work: (runner: QueryRunner, applied: string[]) => Promise<void>,
): Promise<SchemaOutcome> {
  const applied: string[] = [];
  const schema = manifest.id;
  try {
    await connection.inSchema(schema, (runner) =>
      withLock({ query: (sql, values) => runner.query(sql, values && [...values]) }, `migrate:${schema}`, () => work(runner, applied), control.signal),
    );
    await control.onEvent({ kind: 'ended', schema, outcome: 'done' });
    return { schema, applied };
  } catch (error) {
    if (error instanceof Stopped || (control.signal.aborted && error === control.signal.reason)) {
      await control.onEvent({ kind: 'ended', schema, outcome: 'stopped' });
      return { schema, applied, stopped: true };
    }
    await control.onEvent({ kind: 'ended', schema, outcome: 'failed', error });
    return { schema, applied, error };
  }
}
