import { Readable } from 'node:stream';
import { requireBackupUrl, type BackupHouse } from '../backup-house.js';
import type { Backup } from '../../monitoring/backups/backup.entity.js';
import { AppError } from '../../errors/app-error.js';
import type { Queryable } from '../../database/admin-connection.js';
import { deploymentId } from '../../database/role-secret.js';
import { BackupKey } from '../archive/cipher.js';
import { manifestVersion, writeManifest, type BackupManifest } from '../archive/manifest.js';
import { explainFailure } from '../client/explain-failure.js';
import { findPrograms } from '../client/programs.js';
import { embeddedDumper } from '../embedded/embedded-dumper.js';
import { EmbeddedSession } from '../embedded/embedded-session.js';
import { ArchiveWriter } from './archive-writer.js';
import type { Dumper } from './dumper.js';
import { readFacts, schemasOf, type Facts } from './facts.js';
import { assertReadable } from './readable.js';
import { rolesScript } from './roles-script.js';
import { ChangedMeanwhile, ServerDumper } from './server-dumper.js';
import { openSnapshot } from './snapshot.js';

export interface BackupProgress {
  readonly schema: string;
  readonly schemasDone: number;
  readonly schemasTotal: number;
  readonly bytes: number;
}

export interface CreateBackupOptions {
  readonly backup: Pick<Backup, 'id' | 'schema' | 'format'>;
  readonly signal: AbortSignal;
  /** Told with each schema and, within one, as bytes are written. Awaited before a schema is begun. */
  readonly onProgress?: (progress: BackupProgress) => void | Promise<void>;
  /** How long it waits for a table that somebody has locked, milliseconds. */
  readonly lockWaitMs?: number;
}

export interface CreatedBackup {
  readonly manifest: BackupManifest;
  readonly location: string;
}

/** A migration that runs while a schema is dumped voids the attempt, not the backup. */
const ATTEMPTS = 3;
const LEFTOVERS_MS = 24 * 3_600_000;

/**
 * Dumps one schema, or every one at one moment: an archive for each, by pg_dump, and a manifest. One archive a schema and not
 * one of all, so that no transaction needs the locks of a thousand schemas, and a product can be restored out of a full backup.
 * @throws AppError; nothing is left of what was begun
 */
export async function createBackup(house: BackupHouse, options: CreateBackupOptions): Promise<CreatedBackup> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await tryBackup(house, options);
    } catch (error) {
      if (options.signal.aborted) throw options.signal.reason instanceof AppError ? options.signal.reason : new AppError('unavailable', 'The backup was stopped before it was whole, and nothing is left of it.');
      if (!(error instanceof ChangedMeanwhile)) throw explainFailure(error, 'The backup failed.');
      if (attempt === ATTEMPTS) throw new AppError('conflict', `${error.message} That happened ${ATTEMPTS} times; take the backup when no migration runs.`, { cause: error });
    }
  }
}

async function tryBackup(house: BackupHouse, options: CreateBackupOptions): Promise<CreatedBackup> {
  const startedAt = new Date();
  await house.control.query('SELECT core.open_partitions_to_backup()');
  const opened = house.cluster.engine === 'embedded' ? await openEmbedded(house, options) : await openServer(house, options);
  const { reader, facts, dumper } = opened;
  try {
    const schemas = await schemasOf(reader, house, options.backup.schema);
    await assertReadable(reader, schemas);
    const roles = options.backup.schema === null ? await rolesScript(reader, house.house, house.cluster.roles) : undefined;
    const name = backupName(startedAt, options.backup);
    await house.store.sweep(LEFTOVERS_MS);
    const writer = await house.store.begin(name);
    try {
      const key = house.settings.key === undefined ? undefined : new BackupKey(house.settings.key);
      let bytes = 0;
      const files = new ArchiveWriter(writer, options.backup.id, key, options.signal, (written) => (bytes += written));
      const archives = await dumper.dumpAll(schemas, files, (schema, schemasDone) => options.onProgress?.({ schema, schemasDone, schemasTotal: schemas.length, bytes }));
      const rolesFile = roles === undefined ? null : await files.write('roles.sql', Readable.from([roles]));
      const finishedAt = new Date();
      const manifest: BackupManifest = {
        manifestVersion,
        id: options.backup.id,
        name,
        schema: options.backup.schema,
        format: options.backup.format,
        compression: dumper.compression,
        engine: house.cluster.engine,
        database: facts.database,
        deployment: deploymentId(house.cluster.roleSecret, house.cluster.roles),
        rolePrefix: house.cluster.roles.prefix,
        versions: { nagaya: house.version, server: facts.version, client: dumper.client, pgvector: facts.pgvector },
        extensionsSchema: facts.extensionsSchema,
        dataOf: facts.now.toISOString(),
        startedAt: startedAt.toISOString(),
        finishedAt: finishedAt.toISOString(),
        durationMs: finishedAt.getTime() - startedAt.getTime(),
        bytes,
        roles: rolesFile,
        archives,
        encryption: key === undefined ? null : { cipher: 'aes-256-gcm', keyId: key.id },
      };
      return { manifest, location: await writer.commit(writeManifest(manifest, key?.sealKey)) };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    await reader.close().catch(() => {});
  }
}

/** A reader whose queries all see one moment, and what dumps as of that moment. */
interface Opened {
  readonly reader: Queryable & { close(): Promise<void> };
  readonly facts: Facts;
  readonly dumper: Dumper;
}

async function openServer(house: BackupHouse, options: CreateBackupOptions): Promise<Opened> {
  const { signal, lockWaitMs, backup } = options;
  const url = requireBackupUrl(house.cluster);
  if (backup.format === 'plain' && house.settings.key !== undefined) throw new AppError('conflict', PLAIN_ENCRYPTED);
  const snapshot = await openSnapshot(url, { signal, lockWaitMs });
  try {
    const facts = await readFacts(snapshot);
    const programs = await findPrograms(Math.floor(facts.versionNumber / 10_000), house.settings.clientFolder);
    const { compression, jobs } = house.settings;
    const dumper = new ServerDumper({ programs, snapshot, url, format: backup.format, compression, jobs, signal, lockWaitMs });
    return { reader: snapshot, facts, dumper };
  } catch (error) {
    await snapshot.close().catch(() => {});
    throw error;
  }
}

async function openEmbedded(house: BackupHouse, { signal, backup }: CreateBackupOptions): Promise<Opened> {
  if (backup.format !== 'plain') throw new AppError('conflict', ONLY_PLAIN);
  const session = await EmbeddedSession.open(requireBackupUrl(house.cluster), signal);
  try {
    return { reader: session, facts: await readFacts(session), dumper: embeddedDumper(session, signal) };
  } catch (error) {
    await session.close().catch(() => {});
    throw error;
  }
}

const ONLY_PLAIN = 'The embedded engine is backed up as SQL: leave --format out, or say --format plain. The custom and directory formats need a PostgreSQL server.';
const PLAIN_ENCRYPTED =
  'A plain backup is for psql, which can not decrypt it, and Nagaya does not restore it. Leave --format out: with NAGAYA_BACKUP_KEY the custom format is encrypted and can be restored.';

/** Sorts by time, says what it holds, and is nobody else's. */
function backupName(at: Date, { id, schema }: Pick<Backup, 'id' | 'schema'>): string {
  return `${at.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${schema ?? 'full'}-${id.slice(-8)}`;
}
