import { setTimeout as sleep } from 'node:timers/promises';
import { GROUND_RULES, repairAccess, TABLE_RULES } from '../../database/access/repair.js';
import { withAdmin, type AdminConnection, type Queryable } from '../../database/admin-connection.js';
import { DEFAULT_ROLE_PREFIX } from '../../config/environment-reader.js';
import { requireAdminUrl } from '../../database/cluster.js';
import { withLock } from '../../database/migrations/schema-lock.js';
import { planAccess } from '../../database/migrator.js';
import { quoteIdent } from '../../database/quote-ident.js';
import { AppError } from '../../errors/app-error.js';
import type { BackupManifest } from '../archive/manifest.js';
import type { BackupHouse } from '../backup-house.js';
import { explainFailure } from '../client/explain-failure.js';
import { fetchArchives } from './fetch-archives.js';
import { archiveOf } from './find-backup.js';
import { prepareForSchema } from './prepare-database.js';
import { RestoreRecords } from './restore-records.js';
import { besides, inPlace, swap, type RestoreScript } from './restore-script.js';
import { restorerFor } from './restorer.js';

export interface RestoreSchemaOptions {
  readonly manifest: BackupManifest;
  readonly schema: string;
  /** Beside the live one, under this name; undefined: in its place. */
  readonly as?: string;
  /** Another database of the same server; undefined: the live one. */
  readonly into?: string;
  readonly requestedBy: string;
  readonly roleConnectionLimit: number;
  readonly signal: AbortSignal;
  readonly onProgress?: (step: string) => void;
}

export interface RestoredSchema {
  readonly schema: string;
  readonly database: string;
  /** The name under which the state before is kept; null where nothing was replaced. */
  readonly kept: string | null;
}

/** How long every serving process may take to notice that a product is being restored, and to finish what it has begun. */
const NOTICE_MS = 2_500;
const NAME = /^[a-z][a-z0-9_]{0,62}$/;

/**
 * Restores one schema: in place, where its product's traffic is answered 503 meanwhile and the state before is kept, or beside
 * the live one under another name, or into another database.
 * @throws AppError; the live schema is as it was
 */
export async function restoreSchema(house: BackupHouse, options: RestoreSchemaOptions): Promise<RestoredSchema> {
  const { manifest, schema, signal, onProgress = () => {} } = options;
  const archive = archiveOf(manifest, schema);
  const url = targetUrl(house, options.into);
  const target = await withAdmin(url, (admin) => lookAt(admin, options));
  const restoreOne = await restorerFor(house, manifest, { url, engine: house.cluster.engine, major: target.major });
  const inPlaceOf = options.as === undefined && target.isLive;
  if (inPlaceOf) await assertReplaceable(house, options);
  if (options.into !== undefined) await withAdmin(url, (admin) => prepareForSchema(admin, manifest, house.cluster.roles.owner));
  onProgress('reading the backup and comparing it with its manifest');
  const fetched = await fetchArchives(house, manifest, [archive], signal);
  const kept = inPlaceOf ? `${schema}__before_${stamp()}` : null;
  try {
    const script: RestoreScript = kept === null ? besides(schema, options.as ?? schema, target.isLive, house.cluster.roles) : inPlace(schema, kept, house.cluster.roles);
    const restored: RestoredSchema = { schema: options.as ?? schema, database: target.database, kept };
    const purpose = inPlaceOf ? 'in_place' : 'beside';
    return await new RestoreRecords(house.control).during(
      { manifest, purpose, schema, target: `${target.database}.${restored.schema}`, requestedBy: options.requestedBy, keptSchema: kept },
      async () => {
        if (inPlaceOf) {
          onProgress(`${schema} answers 503 now`);
          await sleep(NOTICE_MS, undefined, { signal });
        }
        onProgress(`restoring ${schema}`);
        await restoreOne(archive, { path: fetched.pathOf(archive), script, withPolicies: policiesFit(house, manifest, schema), signal });
        if (inPlaceOf) {
          onProgress('grants and policies');
          await repair(house, options.roleConnectionLimit);
        }
        return { result: restored, ...(kept !== null && { status: 'unconfirmed' as const }) };
      },
    );
  } catch (error) {
    if (kept !== null && (await isThere(house.control, kept))) {
      throw new AppError('unavailable', `${schema} was restored, and the state before it is kept as ${kept}; what comes after it failed. Run "nagaya doctor --fix", then "nagaya restore confirm ${schema}" or "nagaya restore undo ${schema}". (${error instanceof Error ? error.message : String(error)})`, { cause: error });
    }
    if (signal.aborted) throw new AppError('unavailable', `The restore was stopped. ${schema} is as it was.`, { cause: error });
    throw explainFailure(error, `The schema ${schema} could not be restored, and is as it was.`);
  } finally {
    await fetched.close();
  }
}

/** Whether the exchange was committed. A database that does not answer is told by the error itself. */
async function isThere(db: Queryable, schema: string): Promise<boolean> {
  const rows = await db.query<{ there: boolean }>('SELECT to_regnamespace($1) IS NOT NULL AS there', [quoteIdent(schema)]).catch(() => []);
  return rows[0]?.there === true;
}

/** Brings the state before the restore back; the restored one is kept instead, so that it can be had again by undoing once more. */
export async function undoRestore(house: BackupHouse, schema: string, roleConnectionLimit: number): Promise<RestoredSchema> {
  const records = new RestoreRecords(house.control);
  const restore = await records.unconfirmed(schema);
  const keptNext = `${schema}__undone_${stamp()}`;
  return withAdmin(requireAdminUrl(house.cluster), async (admin) => {
    await records.again(restore.id, async () => {
      await sleep(NOTICE_MS);
      await admin.transaction(async () => {
        for (const statement of swap(schema, restore.keptSchema, keptNext, house.cluster.roles)) await admin.query(statement);
      });
      await repair(house, roleConnectionLimit);
      return { status: 'undone', keptSchema: keptNext };
    });
    return { schema, database: '', kept: keptNext };
  });
}

/** Deletes the kept state. */
export async function confirmRestore(house: BackupHouse, schema: string): Promise<string> {
  const records = new RestoreRecords(house.control);
  const restore = await records.unconfirmed(schema);
  await withAdmin(requireAdminUrl(house.cluster), (admin) => admin.query(`DROP SCHEMA IF EXISTS ${quoteIdent(restore.keptSchema)} CASCADE`));
  await house.control.query(`UPDATE monitoring.restores SET status = 'confirmed', kept_schema = NULL WHERE id = $1`, [restore.id]);
  return restore.keptSchema;
}

const ONE_DATABASE =
  'The embedded engine has one database. Leave --into out: restore one schema in place or with --as, or a full backup into an empty folder that NAGAYA_DATA_DIR names.';

/** The migrator's login to a database of the server. @throws AppError `conflict` for another one on the embedded engine */
export function targetUrl({ cluster }: BackupHouse, database: string | undefined): string {
  if (database !== undefined && cluster.engine === 'embedded') throw new AppError('conflict', ONE_DATABASE);
  const url = new URL(requireAdminUrl(cluster));
  if (database !== undefined) url.pathname = `/${encodeURIComponent(database)}`;
  return url.href;
}

interface Target {
  database: string;
  major: number;
  /** There is a schema of the archive's name. */
  isLive: boolean;
  /** There is one of the name that the restored one is to have. */
  isTaken: boolean;
}

async function lookAt(db: Queryable, { schema, as }: RestoreSchemaOptions): Promise<Target> {
  if (as !== undefined && !NAME.test(as)) throw new AppError('validation_failed', `"${as}" can't be a schema's name: use lower-case letters, digits and underscores.`);
  const [target] = await db.query<Target>(
    `SELECT current_database() AS database, current_setting('server_version_num')::int / 10000 AS major,
            to_regnamespace($1) IS NOT NULL AS "isLive", to_regnamespace($2) IS NOT NULL AS "isTaken"`,
    [quoteIdent(schema), quoteIdent(as ?? schema)],
  );
  if (target === undefined) throw new AppError('internal', 'The server does not say what it is.');
  if (as !== undefined && target.isTaken) throw new AppError('conflict', `There is a schema ${as} already. Choose another name, or drop that one.`);
  return target;
}

/**
 * The shared tables' policies name roles. In a backup of a deployment whose roles are called otherwise they would name none, or
 * another's: there they are left to migrate, which makes them from the manifests.
 */
export function policiesFit({ cluster, house }: BackupHouse, { rolePrefix }: BackupManifest, schema: string): boolean {
  return (rolePrefix ?? DEFAULT_ROLE_PREFIX) === cluster.roles.prefix || !house.shared.some(({ id }) => id === schema);
}

async function assertReplaceable(house: BackupHouse, { schema, into }: RestoreSchemaOptions): Promise<void> {
  if (into !== undefined) throw new AppError('conflict', `The database ${into} has a schema ${schema} already. Give --as a name to restore beside it.`);
  if (!house.house.products.some((product) => product.id === schema)) {
    throw new AppError(
      'conflict',
      `${schema} holds the registry, keys and records that every product stands on, so it is not exchanged while they are served. Restore it beside the live one (--as ${schema}_old) and take from it what is needed, or restore a full backup into an empty database.`,
    );
  }
  const waiting = await new RestoreRecords(house.control).findUnconfirmed(schema);
  if (waiting !== undefined) {
    throw new AppError('conflict', `The last restore of ${schema} is not confirmed: ${waiting.keptSchema} holds the state before it. Run "nagaya restore confirm ${schema}" or "nagaya restore undo ${schema}" first.`);
  }
}

/** Grants and policies as the manifests say. */
async function repair(house: BackupHouse, roleConnectionLimit: number): Promise<void> {
  await withAdmin(requireAdminUrl(house.cluster), async (admin: AdminConnection) => {
    const plan = await planAccess(admin, house.cluster, house.house, roleConnectionLimit);
    await withLock(admin, 'access', () => repairAccess(admin, plan, [...GROUND_RULES, ...TABLE_RULES]));
  });
}

function stamp(): string {
  return new Date().toISOString().replaceAll(/[-:TZ]|\.\d+/g, '');
}
