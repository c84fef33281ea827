import { AppError } from '../errors/app-error.js';
import { withAdmin, type AdminConnection } from './admin-connection.js';
import type { AccessPlan, Finding } from './access/finding.js';
import { GROUND_RULES, repairAccess, TABLE_RULES } from './access/repair.js';
import { repairPasswords, type RoleLogin } from './access/role-passwords.js';
import { requireAdminUrl, type Cluster } from './cluster.js';
import type { ProductManifest, SchemaManifest, SharedManifest } from './manifest.js';
import { migrateSchema } from './migrations/migrate-schema.js';
import { withLock } from './migrations/schema-lock.js';
import { checkServer } from './preflight.js';
import { assertProductIds, BACKUP_ROLE, CONTROL_ROLE, EXTENSIONS_SCHEMA } from './role-names.js';

export interface House {
  /** `core` first: the others may rely on what it holds. */
  readonly shared: readonly SharedManifest[];
  readonly products: readonly ProductManifest[];
}

export interface MigrateOptions {
  readonly roleConnectionLimit: number;
  /** Only these schemas' migrations; roles and grants are made right for all. */
  readonly schemas?: readonly string[];
  readonly onProgress?: (step: string) => void;
}

export interface SchemaOutcome {
  readonly schema: string;
  readonly applied: readonly string[];
  /** Why this schema could not be migrated, for operators. */
  readonly error?: unknown;
}

export interface MigrationReport {
  readonly schemas: readonly SchemaOutcome[];
  /** What stays as it is because the platform does not allow better. */
  readonly warnings: readonly Finding[];
}

/**
 * Brings roles, schemas, migrations, grants and policies to what the manifests say; safe to repeat and to run any
 * number of times at once. A product that fails does not stop the others; a failing shared schema stops everything.
 */
export async function migrate(cluster: Cluster, house: House, options: MigrateOptions): Promise<MigrationReport> {
  const adminUrl = requireAdminUrl(cluster);
  assertProductIds(house.products);
  const onProgress = options.onProgress ?? (() => {});
  return withAdmin(adminUrl, async (admin) => {
    onProgress('roles and schemas');
    const plan = await planAccess(admin, cluster, house, options.roleConnectionLimit);
    const warnings = await withLock(admin, 'access', () => repairAccess(admin, plan, GROUND_RULES));
    const settled = { ...plan, extensionsSchema: await findExtensionsSchema(admin) };
    const schemas = await migrateAll(settled, house, adminUrl, options, onProgress);
    onProgress('grants and policies');
    await withLock(admin, 'access', async () => {
      warnings.push(...(await repairAccess(admin, settled, TABLE_RULES)));
      await repairPasswords(admin, logins(cluster, house));
    });
    return { schemas, warnings };
  });
}

async function migrateAll(
  plan: AccessPlan,
  house: House,
  adminUrl: string,
  options: MigrateOptions,
  onProgress: (step: string) => void,
): Promise<SchemaOutcome[]> {
  const outcomes: SchemaOutcome[] = [];
  for (const manifest of chosen(house, options.schemas)) {
    try {
      const applied = await migrateSchema(manifest, adminUrl, plan.extensionsSchema, (pending) =>
        onProgress(`${manifest.id}: ${pending.length} migration${pending.length === 1 ? '' : 's'}`),
      );
      outcomes.push({ schema: manifest.id, applied });
    } catch (error) {
      outcomes.push({ schema: manifest.id, applied: [], error });
      if (manifest.kind === 'shared') break;
    }
  }
  return outcomes;
}

function chosen(house: House, schemas: readonly string[] | undefined): SchemaManifest[] {
  const all: SchemaManifest[] = [...house.shared, ...house.products];
  if (schemas === undefined) return all;
  const unknown = schemas.filter((schema) => !all.some((manifest) => manifest.id === schema));
  if (unknown.length > 0) {
    throw new AppError('validation_failed', `There is no schema ${unknown.join(', ')}; there are ${all.map((manifest) => manifest.id).join(', ')}.`);
  }
  return all.filter((manifest) => schemas.includes(manifest.id));
}

/** What the roles, grants and policies of this database are to be. */
export async function planAccess(admin: AdminConnection, cluster: Cluster, house: House, roleConnectionLimit: number): Promise<AccessPlan> {
  const { database } = await checkServer(admin);
  return {
    database,
    shared: house.shared,
    products: house.products,
    extensionsSchema: await findExtensionsSchema(admin),
    roleSecret: cluster.roleSecret,
    roleConnectionLimit,
  };
}

/** Where pgvector lives in this database, or is going to. */
export async function findExtensionsSchema(admin: AdminConnection): Promise<string> {
  const [row] = await admin.query<{ schema: string }>(
    `SELECT n.nspname AS schema FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'`,
  );
  return row?.schema ?? EXTENSIONS_SCHEMA;
}

function logins(cluster: Cluster, house: House): RoleLogin[] {
  const serving = [CONTROL_ROLE, ...house.products.map((product) => product.id)].map((role) => ({
    role,
    url: cluster.urlOf(role),
    secret: cluster.roleSecret,
  }));
  if (cluster.backupSecret === undefined) return serving;
  return [...serving, { role: BACKUP_ROLE, url: cluster.urlOf(BACKUP_ROLE), secret: cluster.backupSecret }];
}
