import { AppError } from '../errors/app-error.js';
import { withAdmin, type AdminConnection, type Queryable } from './admin-connection.js';
import type { AccessPlan, Finding } from './access/finding.js';
import { GROUND_RULES, repairAccess, TABLE_RULES } from './access/repair.js';
import { repairPasswords, type RoleLogin } from './access/role-passwords.js';
import { findStrangers } from './access/strangers.js';
import { requireAdminUrl, type Cluster } from './cluster.js';
import type { ProductManifest, SchemaManifest, SharedManifest } from './manifest.js';
import { chooseSchemas } from './migrations/choose-schemas.js';
import { Faults } from './migrations/faults.js';
import { migrateFleet, type FleetPlan } from './migrations/migrate-fleet.js';
import type { SchemaOutcome } from './migrations/migrate-schema.js';
import { readMigrationState } from './migrations/migration-state.js';
import { DEFAULT_LOCK_PATIENCE_MS, type RunControl, type RunEvent } from './migrations/run-events.js';
import type { MigrationHome } from './migrations/migration-source.js';
import { RunJournal } from './migrations/run-journal.js';
import { withLock } from './migrations/schema-lock.js';
import { assertOwnHouse, checkServer } from './preflight.js';
import { EXTENSIONS_SCHEMA } from './role-names.js';

export interface House {
  /** `core` first: the others may rely on what it holds. */
  readonly shared: readonly SharedManifest[];
  readonly products: readonly ProductManifest[];
}

export interface MigrateOptions {
  readonly roleConnectionLimit: number;
  /** Only these schemas' migrations; roles and grants are made right for all. */
  readonly schemas?: readonly string[];
  /** How many products are migrated at a time; default 4. */
  readonly parallel?: number;
  /** A product that is migrated before the others; where it fails they are not begun. */
  readonly canary?: string;
  /** The last migration to apply; for one schema alone. */
  readonly to?: string;
  /** How long one migration tries for its locks, milliseconds. */
  readonly lockPatienceMs?: number;
  /** Aborted: what is at work is finished, nothing else begun, and access made right all the same. */
  readonly signal?: AbortSignal;
  /** Who, for the record of the run: `cli:<login name>`, or `start`. */
  readonly actor?: string;
  /** The release that migrates, for the record of the run. */
  readonly release?: string;
  readonly onProgress?: (step: string) => void;
  /** Awaited: the run goes on when it is done. */
  readonly onEvent?: (event: RunEvent) => void | Promise<void>;
}

export interface MigrationReport {
  /** Of the run in core.migration_runs. */
  readonly runId: string;
  readonly schemas: readonly SchemaOutcome[];
  /** What stays as it is because the platform does not allow better. */
  readonly warnings: readonly Finding[];
  readonly stopped: boolean;
  /** Why the run could not be recorded, if it could not. */
  readonly unrecorded?: string;
}

export const DEFAULT_PARALLEL = 4;

/**
 * Brings roles, schemas, migrations, grants and policies to what the manifests say; safe to repeat and to run any
 * number of times at once. A product that fails does not stop the others; a failing shared schema stops everything.
 */
export async function migrate(cluster: Cluster, house: House, options: MigrateOptions): Promise<MigrationReport> {
  const adminUrl = requireAdminUrl(cluster);
  cluster.roles.assertProductIds(house.products);
  const wanted = await chooseSchemas(house, options);
  const head = { kind: 'migrate', actor: options.actor ?? 'migrate', release: options.release ?? '' } as const;
  const journal = new RunJournal(head, cluster.urlOf(cluster.roles.control), wanted.length);
  const isStopped = (): boolean => options.signal?.aborted === true;
  return withAdmin(adminUrl, async (admin) => {
    const faults = new Faults();
    try {
      const outcomes = await migrateUnderRecord({ admin, adminUrl, cluster, house, wanted, options, journal, faults });
      const schemas = faults.addTo(outcomes, wanted);
      const failed = schemas.some((schema) => schema.error !== undefined);
      const unrecorded = await journal.end(failed ? 'failed' : isStopped() ? 'stopped' : 'done', undefined);
      return { runId: journal.runId, schemas, warnings: faults.warnings, stopped: isStopped(), ...(unrecorded !== undefined && { unrecorded }) };
    } catch (error) {
      await journal.end('failed', error);
      throw error;
    }
  });
}

interface Run {
  readonly admin: AdminConnection;
  readonly adminUrl: string;
  readonly cluster: Cluster;
  readonly house: House;
  readonly wanted: readonly SchemaManifest[];
  readonly options: MigrateOptions;
  readonly journal: RunJournal;
  readonly faults: Faults;
}

/** The ground, the migrations, then what stands on the tables that they made. */
async function migrateUnderRecord(run: Run): Promise<SchemaOutcome[]> {
  const { admin, cluster, house, options, journal, faults } = run;
  const onProgress = options.onProgress ?? (() => {});
  onProgress('roles and schemas');
  const all = await planAccess(admin, cluster, house, options.roleConnectionLimit);
  const strangers = await findStrangers(admin, all);
  for (const [id, reason] of strangers) faults.add(id, new AppError('conflict', reason));
  const plan = { ...all, products: all.products.filter((product) => !strangers.has(product.id)) };
  await withLock(admin, 'access', async () => faults.sort(await repairAccess(admin, plan, GROUND_RULES)));
  await journal.begin(admin);
  const settled = { ...plan, extensionsSchema: await findExtensionsSchema(admin) };
  const mendTables = (): Promise<void> => withLock(admin, 'access', async () => faults.sort(await repairAccess(admin, settled, TABLE_RULES)));
  const outcomes = await migrateFleet(admin, fleetPlan(run, { owner: plan.roles.owner, extensionsSchema: settled.extensionsSchema }, mendTables), runControl(run));
  onProgress('grants and policies');
  await mendTables();
  const tried = await withLock(admin, 'access', () => repairPasswords(admin, logins(cluster, settled.products)));
  for (const [role, error] of tried.failed) {
    const id = cluster.roles.subjectOf(role);
    if (!house.products.some((product) => product.id === id)) throw error;
    faults.add(id, error);
  }
  return outcomes;
}

function fleetPlan({ adminUrl, cluster, house, wanted, options, faults }: Run, home: MigrationHome, mendTables: () => Promise<void>): FleetPlan {
  return {
    manifests: wanted.filter((manifest) => !faults.has(manifest.id)),
    adminUrl,
    home,
    parallel: options.parallel ?? DEFAULT_PARALLEL,
    engine: cluster.engine,
    ...(options.canary !== undefined && { canary: options.canary }),
    ...(options.to !== undefined && { to: options.to }),
    tryCanary: async (id) => {
      await mendTables();
      await tryProduct(cluster, house, id);
    },
  };
}

function runControl({ options, journal }: Run): RunControl {
  return {
    signal: options.signal ?? new AbortController().signal,
    lockPatienceMs: options.lockPatienceMs ?? DEFAULT_LOCK_PATIENCE_MS,
    onEvent: async (event) => {
      if (event.kind === 'begun') options.onProgress?.(`${event.schema}: ${event.pending.length} migration${event.pending.length === 1 ? '' : 's'}`);
      await options.onEvent?.(event);
      await journal.note(event);
    },
  };
}

/** Logs in as the product and looks at its history, as serving it would. */
async function tryProduct(cluster: Cluster, house: House, id: string): Promise<void> {
  const manifest = house.products.find((product) => product.id === id);
  if (manifest === undefined) return;
  const state = await withAdmin(cluster.urlOf(cluster.roles.of(id)), (db) => readMigrationState(db, manifest));
  if (!state.ready) throw new AppError('conflict', `The canary ${id} was migrated, but can't be served: ${state.pending.length} migrations pending, ${state.ahead.length} unknown.`);
}

/** What the roles, grants and policies of this database are to be. */
export async function planAccess(admin: AdminConnection, cluster: Cluster, house: House, roleConnectionLimit: number): Promise<AccessPlan> {
  const { database } = await checkServer(admin);
  await assertOwnHouse(admin, cluster.roles, house.shared);
  return {
    database,
    shared: house.shared,
    products: house.products,
    roles: cluster.roles,
    extensionsSchema: await findExtensionsSchema(admin),
    roleSecret: cluster.roleSecret,
    previousSecret: cluster.previousSecret,
    roleConnectionLimit,
  };
}

/** Where pgvector lives in this database, or is going to. */
export async function findExtensionsSchema(db: Queryable): Promise<string> {
  const [row] = await db.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'`,
  );
  return row?.schema ?? EXTENSIONS_SCHEMA;
}

function logins(cluster: Cluster, products: readonly ProductManifest[]): RoleLogin[] {
  const serving = [cluster.roles.control, ...products.map((product) => cluster.roles.of(product.id))].map((role) => ({
    role,
    urls: cluster.urlsOf(role),
    secret: cluster.roleSecret,
  }));
  if (cluster.backupSecret === undefined) return serving;
  return [...serving, { role: cluster.roles.backup, urls: cluster.urlsOf(cluster.roles.backup), secret: cluster.backupSecret }];
}
