import { AppError } from '../../errors/app-error.js';
import type { Queryable } from '../admin-connection.js';
import type { SchemaManifest } from '../manifest.js';
import { readHistories } from './history.js';
import { knownMigrations } from './known-migrations.js';
import { migrateSchema, pendingOf, type SchemaOutcome } from './migrate-schema.js';
import { MigrationConnection } from './migration-connection.js';
import type { MigrationHome } from './migration-source.js';
import type { RunControl } from './run-events.js';

export interface FleetPlan {
  /** In the order in which they are to be reported; shared ones first. */
  readonly manifests: readonly SchemaManifest[];
  readonly adminUrl: string;
  readonly home: MigrationHome;
  /** How many products are migrated at a time. On the embedded engine it is one. */
  readonly parallel: number;
  readonly engine: 'embedded' | 'server';
  /** Migrated before all other products; where it fails, or `tryCanary` does, none of the others is begun. */
  readonly canary?: string;
  readonly tryCanary?: (id: string) => Promise<void>;
  /** Of the one schema that is to be migrated no further than this migration. */
  readonly to?: string;
}

/**
 * Shared schemas one after the other, the first failure ends it all; then the canary; then the products, some at a
 * time, each for itself. Schemas with nothing to do cost no connection: all histories are read at once beforehand.
 * @param db reads the histories: the migrator's login
 */
export async function migrateFleet(db: Queryable, plan: FleetPlan, control: RunControl): Promise<SchemaOutcome[]> {
  const outcomes = new Map<string, SchemaOutcome>();
  const work = (manifest: SchemaManifest) => (connection: MigrationConnection) => migrateSchema(connection, manifest, control, plan.to);
  const pending = await withSomethingToDo(db, plan);
  const settle = (outcome: SchemaOutcome): void => void outcomes.set(outcome.schema, outcome);

  await withConnection(plan, async (connection) => {
    for (const manifest of pending.filter(({ kind }) => kind === 'shared')) {
      settle(await work(manifest)(connection));
      if (outcomes.get(manifest.id)?.error !== undefined) return;
    }
  });
  const failedShared = plan.manifests.find(({ kind, id }) => kind === 'shared' && outcomes.get(id)?.error !== undefined);
  if (failedShared !== undefined) return report(plan.manifests.slice(0, plan.manifests.indexOf(failedShared) + 1), outcomes, control);

  const products = pending.filter(({ kind }) => kind === 'product');
  const canary = products.find(({ id }) => id === plan.canary);
  if (canary !== undefined) settle(await withConnection(plan, async (connection) => withTrial(await work(canary)(connection), plan)));
  const canaryError = canary && outcomes.get(canary.id)?.error;
  const others = products.filter((manifest) => manifest !== canary);
  if (canaryError !== undefined) {
    const error = new AppError('conflict', `Not begun: the canary ${plan.canary} failed.`);
    for (const { id } of others) settle({ schema: id, applied: [], error });
  } else {
    await inParallel(plan, others, async (connection, manifest) => settle(await work(manifest)(connection)));
  }
  return report(plan.manifests, outcomes, control, new Set(pending.map(({ id }) => id)));
}

/** A canary that was migrated but can't be served has failed all the same. */
async function withTrial(outcome: SchemaOutcome, { tryCanary }: FleetPlan): Promise<SchemaOutcome> {
  if (outcome.error !== undefined || outcome.stopped) return outcome;
  try {
    await tryCanary?.(outcome.schema);
    return outcome;
  } catch (error) {
    return { ...outcome, error };
  }
}

async function withSomethingToDo(db: Queryable, { manifests, to, home }: FleetPlan): Promise<SchemaManifest[]> {
  const histories = await readHistories(db, manifests.map((manifest) => manifest.id), home.owner);
  const pending: SchemaManifest[] = [];
  for (const manifest of manifests) {
    if (pendingOf(await knownMigrations(manifest), histories.get(manifest.id) ?? [], to).length > 0) pending.push(manifest);
  }
  return pending;
}

/** So many workers, each with a connection of its own, take the next product as soon as they are free. */
async function inParallel(plan: FleetPlan, manifests: readonly SchemaManifest[], work: (connection: MigrationConnection, manifest: SchemaManifest) => Promise<void>): Promise<void> {
  const waiting = [...manifests];
  const workers = plan.engine === 'embedded' ? 1 : Math.min(plan.parallel, waiting.length);
  await Promise.all(
    Array.from({ length: workers }, () =>
      withConnection(plan, async (connection) => {
        for (let manifest = waiting.shift(); manifest !== undefined; manifest = waiting.shift()) await work(connection, manifest);
      }),
    ),
  );
}

async function withConnection<T>(plan: FleetPlan, work: (connection: MigrationConnection) => Promise<T>): Promise<T> {
  const connection = new MigrationConnection(plan.adminUrl, plan.home, plan.engine === 'server');
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Every schema that was asked for has an outcome, also those to which nothing happened. */
function report(manifests: readonly SchemaManifest[], outcomes: ReadonlyMap<string, SchemaOutcome>, control: RunControl, begun: ReadonlySet<string> = new Set()): SchemaOutcome[] {
  return manifests.map(({ id }) => outcomes.get(id) ?? { schema: id, applied: [], ...(control.signal.aborted && begun.has(id) && { stopped: true as const }) });
}
