import type { Queryable } from '../admin-connection.js';
import { MIGRATIONS_TABLE } from '../access/relations.js';
import type { SchemaManifest } from '../manifest.js';
import { quoteIdent } from '../quote-ident.js';
import { readHistories } from './history.js';
import { knownMigrations } from './known-migrations.js';

export interface MigrationState {
  readonly schema: string;
  /** The newest applied migration, null before the first. */
  readonly current: string | null;
  readonly applied: number;
  /** Names that this release has and the database lacks. */
  readonly pending: readonly string[];
  /** Names that the database has and this release does not know: a newer release has been here. */
  readonly ahead: readonly string[];
  /** Serving this schema with this release is safe. */
  readonly ready: boolean;
}

/** A migration whose class name holds this word can't be served by the release before it. */
export const BREAKING = /Breaking/;
const UNDEFINED_TABLE = new Set(['42P01', '3F000', '42501']);

/** Compares a schema's history with the code. `db` needs SELECT on the schema's history table, no more. */
export async function readMigrationState(db: Queryable, manifest: SchemaManifest): Promise<MigrationState> {
  return compareHistory(manifest, await appliedMigrations(db, manifest.id));
}

/** The same of many schemas at once; `db` needs SELECT on all of their histories. */
export async function readMigrationStates(db: Queryable, manifests: readonly SchemaManifest[], owner: string): Promise<MigrationState[]> {
  const histories = await readHistories(db, manifests.map((manifest) => manifest.id), owner);
  return Promise.all(manifests.map((manifest) => compareHistory(manifest, histories.get(manifest.id) ?? [])));
}

export async function compareHistory(manifest: SchemaManifest, applied: readonly string[]): Promise<MigrationState> {
  const known = (await knownMigrations(manifest)).map((migration) => migration.name);
  const ahead = applied.filter((name) => !known.includes(name));
  const pending = known.filter((name) => !applied.includes(name));
  return {
    schema: manifest.id,
    current: applied.at(-1) ?? null,
    applied: applied.length,
    pending,
    ahead,
    ready: pending.length === 0 && !ahead.some((name) => BREAKING.test(name)),
  };
}

/** Names of the migrations applied, oldest first, as far as this login may know. */
export async function appliedMigrations(db: Queryable, schema: string): Promise<string[]> {
  try {
    const rows = await db.query<{ name: string }>(`SELECT name FROM ${quoteIdent(schema)}.${quoteIdent(MIGRATIONS_TABLE)} ORDER BY timestamp, id`);
    return rows.map((row) => row.name);
  } catch (error) {
    const driverError = error instanceof Error && 'driverError' in error ? error.driverError : error;
    const code = driverError instanceof Error && 'code' in driverError ? String(driverError.code) : '';
    // No table yet, or made a moment ago and not granted yet: nothing is applied as far as this role may know.
    if (UNDEFINED_TABLE.has(code)) return [];
    throw error;
  }
}
