import { withAdmin, type AdminConnection } from '../../database/admin-connection.js';
import { requireAdminUrl } from '../../database/cluster.js';
import { RoleNames } from '../../database/role-names.js';
import { quoteIdent, quoteLiteral } from '../../database/quote-ident.js';
import { AppError } from '../../errors/app-error.js';
import type { BackupManifest } from '../archive/manifest.js';
import type { BackupHouse } from '../backup-house.js';
import { explainFailure } from '../client/explain-failure.js';
import { withScratchEngine } from '../embedded/scratch-engine.js';
import { fetchArchives } from './fetch-archives.js';
import { makeExtension } from './prepare-database.js';
import { RestoreRecords } from './restore-records.js';
import { intoNowhere } from './restore-script.js';
import { restoreIntoEmpty } from './restore-whole.js';
import { restorerFor } from './restorer.js';

export interface VerifyOptions {
  readonly manifest: BackupManifest;
  readonly purpose: 'verify' | 'drill';
  readonly requestedBy: string;
  readonly signal: AbortSignal;
  readonly onProgress?: (step: string, done: number, total: number) => void;
}

export interface Verified {
  readonly id: string;
  readonly schemas: number;
  readonly tables: number;
  readonly rows: string;
  /** From the first byte read to the last table compared: how long recovering takes. */
  readonly recoverySeconds: number;
  /** The age of the data when it began: what would have been lost. */
  readonly dataAgeSeconds: number;
}

const SCRATCH = 'nagaya_scratch_';
const NO_EXTENSION = 'Set NAGAYA_BACKUP_SCRATCH_URL to one that may install it: a superuser, on a server where only drills run.';
/** Nobody connects there but the trial itself. */
const SCRATCH_CONNECTIONS = 5;
/** A scratch database whose maker was killed is deleted by the next one, seconds. */
const SCRATCH_LIFE_S = 24 * 3_600;

/**
 * Restores a backup into a database made for it, compares row counts, checksums and fingerprints with the manifest, and drops
 * the database. The outcome is written down.
 * @throws AppError saying what is wrong with the backup, or why it could not be tried
 */
export async function verifyBackup(house: BackupHouse, options: VerifyOptions): Promise<Verified> {
  const { manifest, signal } = options;
  const total = manifest.archives.length;
  const began = Date.now();
  const record = { manifest, purpose: options.purpose, schema: manifest.schema, target: 'a scratch database', requestedBy: options.requestedBy };
  return new RestoreRecords(house.control).during(record, async () => {
    try {
      if (manifest.engine === 'embedded') await tryOnEmbedded(house, options);
      else await tryOnServer(house, options);
    } catch (error) {
      if (signal.aborted) throw new AppError('unavailable', 'The trial was stopped; nothing is known of the backup.', { cause: error });
      throw explainFailure(error, `The backup ${manifest.name} could not be restored on trial.`);
    }
    const tables = manifest.archives.flatMap((archive) => archive.tables);
    return {
      result: {
        id: manifest.id,
        schemas: total,
        tables: tables.length,
        rows: tables.reduce((sum, table) => sum + BigInt(table.rows), 0n).toString(),
        recoverySeconds: (Date.now() - began) / 1_000,
        dataAgeSeconds: (began - Date.parse(manifest.dataOf)) / 1_000,
      },
    };
  });
}

async function tryOnServer(house: BackupHouse, { manifest, signal, onProgress = () => {} }: VerifyOptions): Promise<void> {
  const url = house.settings.scratchUrl ?? requireAdminUrl(house.cluster);
  const total = manifest.archives.length;
  onProgress('reading the backup', 0, total);
  const fetched = await fetchArchives(house, manifest, manifest.archives, signal);
  try {
    await withScratch(url, manifest, async (scratch, major) => {
      const restoreOne = await restorerFor(house, manifest, { url: scratch, engine: 'server', major });
      for (const [done, archive] of manifest.archives.entries()) {
        onProgress(archive.schema, done, total);
        await restoreOne(archive, { path: fetched.pathOf(archive), script: intoNowhere(archive.schema, undefined), withPolicies: false, signal });
      }
    });
  } finally {
    await fetched.close();
  }
}

/** In an engine of its own: the one that serves has one database, and one session. */
async function tryOnEmbedded(house: BackupHouse, { manifest, signal, onProgress = () => {} }: VerifyOptions): Promise<void> {
  onProgress('starting an engine to try it on', 0, manifest.archives.length);
  // With the names that its policies know.
  await withScratchEngine(new RoleNames(manifest.rolePrefix), (cluster) => restoreIntoEmpty({ ...house, cluster }, { manifest, roleConnectionLimit: SCRATCH_CONNECTIONS, signal, onProgress }));
}

/** A database that is there for `work` alone, with the extension where the archives look for it. */
async function withScratch(url: string, manifest: BackupManifest, work: (url: string, major: number) => Promise<void>): Promise<void> {
  await withAdmin(url, async (admin) => {
    const major = await assertMayCreate(admin);
    await dropAbandoned(admin);
    const name = `${SCRATCH}${Math.floor(Date.now() / 1_000)}_${manifest.id.slice(-8)}`;
    await admin.query(`CREATE DATABASE ${quoteIdent(name)} ENCODING 'UTF8' TEMPLATE template0`);
    const scratch = new URL(url);
    scratch.pathname = `/${name}`;
    try {
      await withAdmin(scratch.href, (db) => makeExtension(db, manifest, NO_EXTENSION));
      await work(scratch.href, major);
    } finally {
      await admin.query(`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`).catch(() => {});
    }
  });
}

async function assertMayCreate(admin: AdminConnection): Promise<number> {
  const [login] = await admin.query<{ may: boolean; major: number; name: string }>(
    `SELECT rolcreatedb OR rolsuper AS may, current_setting('server_version_num')::int / 10000 AS major, rolname AS name FROM pg_roles WHERE rolname = current_user`,
  );
  if (login?.may === true) return login.major;
  throw new AppError(
    'conflict',
    `Backups are proven in a database made for it, and the login ${login?.name ?? ''} may not make one. Set NAGAYA_BACKUP_SCRATCH_URL to a login that may (best on another server), or run: ALTER ROLE ${quoteIdent(login?.name ?? '')} CREATEDB;`,
  );
}

/** Their name says when they were made. */
async function dropAbandoned(admin: AdminConnection): Promise<void> {
  const oldest = Math.floor(Date.now() / 1_000) - SCRATCH_LIFE_S;
  const rows = await admin.query<{ name: string }>(
    `SELECT datname AS name FROM pg_database WHERE datname LIKE ${quoteLiteral(`${SCRATCH}%`)} AND split_part(datname, '_', 3) ~ '^[0-9]+$' AND split_part(datname, '_', 3)::bigint < $1`,
    [oldest],
  );
  for (const { name } of rows) await admin.query(`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`);
}
