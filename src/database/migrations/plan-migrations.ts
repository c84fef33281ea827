import { withAdmin } from '../admin-connection.js';
import { requireAdminUrl, type Cluster } from '../cluster.js';
import type { SchemaManifest } from '../manifest.js';
import { captureStatements } from './capture-statements.js';
import { readHistories } from './history.js';
import { knownMigrations, type KnownMigration } from './known-migrations.js';
import { pendingOf } from './migrate-schema.js';
import { BREAKING } from './migration-state.js';
import { locksOf, type StatementLock } from './statement-locks.js';

export interface PlannedMigration {
  readonly schema: string;
  readonly migration: string;
  readonly transaction: boolean;
  /** The release before can't serve the schema after it. */
  readonly breaking: boolean;
  readonly statements: readonly { readonly sql: string; readonly locks: readonly StatementLock[] }[];
  /** What can't be known beforehand, if anything. */
  readonly unknown: string | null;
}

export interface PlanOptions {
  readonly schema?: readonly string[];
  readonly canary?: string;
  readonly to?: string;
}

/** What `migrate` would do, in its order. Reads the histories and changes nothing; the statements come from the migrations themselves. */
export async function planMigrations(
  cluster: Cluster,
  house: { readonly shared: readonly SchemaManifest[]; readonly products: readonly SchemaManifest[] },
  { schema, canary, to }: PlanOptions,
): Promise<PlannedMigration[]> {
  const products = [...house.products.filter(({ id }) => id === canary), ...house.products.filter(({ id }) => id !== canary)];
  const manifests = [...house.shared, ...products].filter(({ id }) => schema === undefined || schema.includes(id));
  const histories = await withAdmin(requireAdminUrl(cluster), (admin) => readHistories(admin, manifests.map(({ id }) => id), cluster.roles.owner));
  const planned: PlannedMigration[] = [];
  for (const manifest of manifests) {
    for (const migration of pendingOf(await knownMigrations(manifest), histories.get(manifest.id) ?? [], to)) planned.push(await plan(manifest.id, migration));
  }
  return planned;
}

async function plan(schema: string, migration: KnownMigration): Promise<PlannedMigration> {
  const { statements, unknown } = await captureStatements(migration);
  const locks = locksOf(statements);
  return {
    schema,
    migration: migration.name,
    transaction: migration.transactional,
    breaking: BREAKING.test(migration.name),
    statements: statements.map((sql, index) => ({ sql, locks: locks[index] ?? [] })),
    unknown,
  };
}
