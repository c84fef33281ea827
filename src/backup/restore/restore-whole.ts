import { GROUND_RULES, repairAccess } from '../../database/access/repair.js';
import { withAdmin, type AdminConnection } from '../../database/admin-connection.js';
import { withLock } from '../../database/migrations/schema-lock.js';
import { planAccess } from '../../database/migrator.js';
import { AppError } from '../../errors/app-error.js';
import type { BackupManifest, SchemaArchive } from '../archive/manifest.js';
import type { BackupHouse } from '../backup-house.js';
import { explainFailure } from '../client/explain-failure.js';
import { fetchArchives } from './fetch-archives.js';
import { assertExtensionAt } from './prepare-database.js';
import { intoEmptySchema, intoNowhere } from './restore-script.js';
import { policiesFit, targetUrl } from './restore-schema.js';
import { restorerFor } from './restorer.js';

export interface RestoreWholeOptions {
  readonly manifest: BackupManifest;
  /** Another database of the server than that of the configuration. */
  readonly into?: string;
  readonly roleConnectionLimit: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (step: string, done: number, total: number) => void;
}

/**
 * Restores every schema of a full backup into an empty database, on whatever server: roles, schemas and the extension first,
 * by the repair that migrate uses, then the archives, each compared with its manifest before it is committed.
 * Grants, passwords and newer migrations are migrate's, which the caller runs afterwards.
 * @throws AppError `conflict` where the database is not empty
 */
export async function restoreWhole(house: BackupHouse, options: RestoreWholeOptions): Promise<void> {
  try {
    await restoreIntoEmpty(house, options);
  } catch (error) {
    throw explainFailure(error, 'The backup could not be restored. The database is not whole: drop it, make it anew and start again.');
  }
}

/** The same, with whatever error it is. */
export async function restoreIntoEmpty(house: BackupHouse, options: RestoreWholeOptions): Promise<void> {
  const { manifest, signal, onProgress = () => {} } = options;
  const url = targetUrl(house, options.into);
  const total = manifest.archives.length;
  await withAdmin(url, async (admin) => {
    const major = await assertEmpty(admin, manifest.archives);
    const restoreOne = await restorerFor(house, manifest, { url, engine: house.cluster.engine, major });
    onProgress('reading the backup and comparing it with its manifest', 0, total);
    const fetched = await fetchArchives(house, manifest, manifest.archives, signal);
    try {
      onProgress('roles, schemas, extension', 0, total);
      const plan = await planAccess(admin, house.cluster, house.house, options.roleConnectionLimit);
      await withLock(admin, 'access', () => repairAccess(admin, plan, GROUND_RULES));
      await assertExtensionAt(admin, manifest);
      const made = new Set([...house.house.shared, ...house.house.products].map(({ id }) => id));
      for (const [done, archive] of manifest.archives.entries()) {
        onProgress(archive.schema, done, total);
        const script = made.has(archive.schema) ? intoEmptySchema(plan.roles.owner) : intoNowhere(archive.schema, plan.roles.owner);
        await restoreOne(archive, { path: fetched.pathOf(archive), script, withPolicies: policiesFit(house, manifest, archive.schema), signal });
      }
    } finally {
      await fetched.close();
    }
  });
}

/** @returns the server's major version */
async function assertEmpty(admin: AdminConnection, archives: readonly SchemaArchive[]): Promise<number> {
  const rows = await admin.query<{ schema: string }>(
    `SELECT DISTINCT n.nspname AS schema FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = ANY($1) ORDER BY 1`,
    [archives.map(({ schema }) => schema)],
  );
  if (rows.length > 0) {
    throw new AppError(
      'conflict',
      `A full backup goes into an empty database, and this one has ${rows.map(({ schema }) => schema).join(', ')}. Make one and name it with --into, or restore one schema with --schema.`,
    );
  }
  const [server] = await admin.query<{ major: number }>(`SELECT current_setting('server_version_num')::int / 10000 AS major`);
  return server?.major ?? 0;
}
