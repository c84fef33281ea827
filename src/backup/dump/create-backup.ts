import { Readable } from 'node:stream';
import { requireBackupUrl, type BackupHouse } from '../backup-house.js';
import type { Backup } from '../../monitoring/backups/backup.entity.js';
import { AppError } from '../../errors/app-error.js';
import { deploymentId } from '../../database/role-secret.js';
import { BackupKey } from '../archive/cipher.js';
import { manifestVersion, writeManifest, type BackupManifest, type SchemaArchive } from '../archive/manifest.js';
import { connectionEnvironment } from '../client/connection-environment.js';
import { explainFailure } from '../client/explain-failure.js';
import { findPrograms, type ClientPrograms } from '../client/programs.js';
import { ArchiveWriter } from './archive-writer.js';
import { compressionOf, dumpSchema } from './dump-schema.js';
import { readFacts, readHistory, schemasOf } from './facts.js';
import { readFingerprint } from './fingerprint.js';
import { assertReadable, changedTables, readShapes } from './readable.js';
import { rolesScript } from './roles-script.js';
import { openSnapshot, type Snapshot } from './snapshot.js';
import { summedTables, sumTables } from './table-sums.js';

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
  readonly lockWaitMs?: number;
}

export interface CreatedBackup {
  readonly manifest: BackupManifest;
  readonly location: string;
}

/** A migration that runs while a schema is dumped voids the attempt, not the backup. */
const ATTEMPTS = 3;
const LEFTOVERS_MS = 24 * 3_600_000;

/** A schema changed while it was dumped: what the snapshot sees of a rewritten table is not what was there. */
class ChangedMeanwhile extends Error {}

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
  const url = requireBackupUrl(house.cluster);
  const startedAt = new Date();
  await house.control.query('SELECT core.open_partitions_to_backup()');
  const snapshot = await openSnapshot(url);
  // What describes a schema waits for a locked table too, and a statement that waits hears of no signal.
  const cancel = (): void => void snapshot.cancel();
  options.signal.addEventListener('abort', cancel, { once: true });
  try {
    if (options.lockWaitMs !== undefined) await snapshot.query(`SET lock_timeout = ${options.lockWaitMs}`);
    const facts = await readFacts(snapshot);
    const programs = await findPrograms(Math.floor(facts.versionNumber / 10_000), house.settings.clientFolder);
    const schemas = await schemasOf(snapshot, house, options.backup.schema);
    await assertReadable(snapshot, schemas);
    const name = backupName(startedAt, options.backup);
    await house.store.sweep(LEFTOVERS_MS);
    const writer = await house.store.begin(name);
    try {
      const key = house.settings.key === undefined ? undefined : new BackupKey(house.settings.key);
      const run = new BackupRun(house, options, programs, snapshot, url, schemas.length);
      const files = new ArchiveWriter(writer, options.backup.id, key, options.signal, (bytes) => run.wrote(bytes));
      const archives = await run.dumpAll(schemas, files);
      const roles = options.backup.schema === null ? await files.write('roles.sql', Readable.from([await rolesScript(snapshot, house.house, house.cluster.roles)])) : null;
      const finishedAt = new Date();
      const manifest: BackupManifest = {
        manifestVersion,
        id: options.backup.id,
        name,
        schema: options.backup.schema,
        format: options.backup.format,
        compression: compressionOf(programs, options.backup.format),
        engine: house.cluster.engine,
        database: facts.database,
        deployment: deploymentId(house.cluster.roleSecret, house.cluster.roles),
        rolePrefix: house.cluster.roles.prefix,
        versions: { nagaya: house.version, server: facts.version, client: programs.version, pgvector: facts.pgvector },
        extensionsSchema: facts.extensionsSchema,
        dataOf: facts.now.toISOString(),
        startedAt: startedAt.toISOString(),
        finishedAt: finishedAt.toISOString(),
        durationMs: finishedAt.getTime() - startedAt.getTime(),
        bytes: run.bytes,
        roles,
        archives,
        encryption: key === undefined ? null : { cipher: 'aes-256-gcm', keyId: key.id },
      };
      return { manifest, location: await writer.commit(writeManifest(manifest, key?.sealKey)) };
    } catch (error) {
      await writer.abort();
      throw error;
    }
  } finally {
    options.signal.removeEventListener('abort', cancel);
    await snapshot.close().catch(() => {});
  }
}

/** The archives of one backup, some of them at the same time. */
class BackupRun {
  bytes = 0;
  private done = 0;

  constructor(
    private readonly house: BackupHouse,
    private readonly options: CreateBackupOptions,
    private readonly programs: ClientPrograms,
    private readonly snapshot: Snapshot,
    private readonly url: string,
    private readonly total: number,
  ) {}

  wrote(bytes: number): void {
    this.bytes += bytes;
  }

  async dumpAll(schemas: readonly string[], files: ArchiveWriter): Promise<SchemaArchive[]> {
    const archives = new Map<string, SchemaArchive>();
    const waiting = [...schemas];
    // One that fails stops the others: half a backup is none.
    const failed = new AbortController();
    const signal = AbortSignal.any([this.options.signal, failed.signal]);
    const dumpNext = async (): Promise<void> => {
      for (let schema = waiting.shift(); schema !== undefined; schema = waiting.shift()) {
        signal.throwIfAborted();
        await this.options.onProgress?.({ schema, schemasDone: this.done, schemasTotal: this.total, bytes: this.bytes });
        archives.set(schema, await this.dumpOne(schema, files, signal));
        this.done += 1;
      }
    };
    const lanes = Array.from({ length: Math.min(this.house.settings.jobs, schemas.length) }, () =>
      dumpNext().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    const outcomes = await Promise.allSettled(lanes);
    if (failed.signal.aborted) throw failed.signal.reason;
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return schemas.flatMap((schema) => archives.get(schema) ?? []);
  }

  /** The rows are summed in the dump's own snapshot, while pg_dump reads them. */
  private async dumpOne(schema: string, files: ArchiveWriter, outer: AbortSignal): Promise<SchemaArchive> {
    const shapes = await readShapes(this.snapshot, schema);
    const tables = await summedTables(this.snapshot, schema);
    const described = { ...(await readHistory(this.snapshot, schema)), fingerprint: await readFingerprint(this.snapshot, schema) };
    const failed = new AbortController();
    const signal = AbortSignal.any([outer, failed.signal]);
    const reader = await openSnapshot(this.url, this.snapshot.id);
    // A statement that waits for a lock hears of no signal.
    const cancel = (): void => void reader.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    const stopping = <T>(work: Promise<T>): Promise<T> =>
      work.catch((error: unknown) => {
        failed.abort(error);
        throw error;
      });
    try {
      const [dumped, sums] = await Promise.allSettled([
        stopping(dumpSchema(schema, files, { ...this.options, programs: this.programs, format: this.options.backup.format, jobs: this.house.settings.jobs, snapshot: this.snapshot.id, environment: connectionEnvironment(this.url, 'nagaya-backup'), signal })),
        stopping(sumTables(reader, tables, signal)),
      ]);
      await this.assertUnchanged(schema, shapes, dumped, sums);
      if (dumped.status === 'rejected') throw failed.signal.reason;
      if (sums.status === 'rejected') throw failed.signal.reason;
      return { schema, ...described, tables: sums.value, ...dumped.value };
    } finally {
      signal.removeEventListener('abort', cancel);
      await reader.close().catch(() => {});
    }
  }

  /** Looked at before any other failure: a table that was dropped meanwhile fails the dump in words that explain nothing. */
  private async assertUnchanged(schema: string, before: ReadonlyMap<string, string>, ...outcomes: PromiseSettledResult<unknown>[]): Promise<void> {
    if (outcomes.some((outcome) => outcome.status === 'rejected' && outcome.reason instanceof AppError)) return;
    if (this.options.signal.aborted) return;
    const now = await openSnapshot(this.url).catch(() => undefined);
    if (now === undefined) return;
    try {
      const changed = changedTables(before, await readShapes(now, schema));
      if (changed.length > 0) throw new ChangedMeanwhile(`The schema ${schema} was migrated while it was dumped (${changed.slice(0, 3).join(', ')}).`);
    } finally {
      await now.close().catch(() => {});
    }
  }
}

/** Sorts by time, says what it holds, and is nobody else's. */
function backupName(at: Date, { id, schema }: Pick<Backup, 'id' | 'schema'>): string {
  return `${at.toISOString().replaceAll(/[-:]|\.\d+/g, '')}-${schema ?? 'full'}-${id.slice(-8)}`;
}
