import { AppError } from '../../errors/app-error.js';
import type { BackupFormat } from '../../monitoring/backups/backup.entity.js';
import type { SchemaArchive } from '../archive/manifest.js';
import { connectionEnvironment } from '../client/connection-environment.js';
import type { ClientPrograms } from '../client/programs.js';
import type { ArchiveWriter } from './archive-writer.js';
import { compressionOf, dumpSchema } from './dump-schema.js';
import type { Dumper } from './dumper.js';
import { readHistory } from './facts.js';
import { readFingerprint } from './fingerprint.js';
import { changedTables, readShapes } from './readable.js';
import { openSnapshot, type Snapshot } from './snapshot.js';
import { summedTables, sumMethodOf, sumTables } from './table-sums.js';

/** A schema changed while it was dumped: what the snapshot sees of a rewritten table is not what was there. */
export class ChangedMeanwhile extends Error {}

export interface ServerDumperOptions {
  readonly programs: ClientPrograms;
  /** The moment that all archives show. */
  readonly snapshot: Snapshot;
  /** The login of `nagaya_backup`. */
  readonly url: string;
  readonly format: BackupFormat;
  /** As pg_dump's --compress takes it; undefined: the usual. */
  readonly compression: string | undefined;
  /** Archives that are written at the same time. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  readonly lockWaitMs?: number | undefined;
}

/** Runs a pg_dump for each schema, some of them at the same time. */
export class ServerDumper implements Dumper {
  readonly client: string;
  readonly compression: string;
  private done = 0;

  constructor(private readonly options: ServerDumperOptions) {
    this.client = options.programs.version;
    this.compression = compressionOf(options.programs, options.format, options.compression);
  }

  readonly dumpAll: Dumper['dumpAll'] = async (schemas, files, onSchema) => {
    const archives = new Map<string, SchemaArchive>();
    const waiting = [...schemas];
    // One that fails stops the others: half a backup is none.
    const failed = new AbortController();
    const signal = AbortSignal.any([this.options.signal, failed.signal]);
    const dumpNext = async (): Promise<void> => {
      for (let schema = waiting.shift(); schema !== undefined; schema = waiting.shift()) {
        signal.throwIfAborted();
        await onSchema(schema, this.done);
        archives.set(schema, await this.dumpOne(schema, files, signal));
        this.done += 1;
      }
    };
    const lanes = Array.from({ length: Math.min(this.options.jobs, schemas.length) }, () =>
      dumpNext().catch((error: unknown) => {
        failed.abort(error);
        throw error;
      }),
    );
    const outcomes = await Promise.allSettled(lanes);
    if (failed.signal.aborted) throw failed.signal.reason;
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
    return schemas.flatMap((schema) => archives.get(schema) ?? []);
  };

  /** The schema is described, and its rows are summed, in the dump's own snapshot and while pg_dump reads them. */
  private async dumpOne(schema: string, files: ArchiveWriter, outer: AbortSignal): Promise<SchemaArchive> {
    const { snapshot, url, lockWaitMs } = this.options;
    const failed = new AbortController();
    const signal = AbortSignal.any([outer, failed.signal]);
    const stopping = <T>(work: Promise<T>): Promise<T> =>
      work.catch((error: unknown) => {
        failed.abort(error);
        throw error;
      });
    const opening = openSnapshot(url, { of: snapshot.id, signal, lockWaitMs });
    let shapes: Map<string, string> | undefined;
    const describe = async (): Promise<Description> => {
      const reader = await opening;
      shapes = await readShapes(reader, schema);
      return describeSchema(reader, schema, signal);
    };
    const [dumped, described] = await Promise.allSettled([
      stopping(dumpSchema(schema, files, { ...this.options, compression: this.compression, snapshot: snapshot.id, environment: connectionEnvironment(url, 'nagaya-backup'), signal })),
      stopping(describe()),
    ]);
    const reader = await opening.catch(() => undefined);
    try {
      await this.assertUnchanged(schema, shapes, reader, dumped, described);
      if (dumped.status === 'rejected' || described.status === 'rejected') throw failed.signal.reason;
      return { ...described.value, ...dumped.value };
    } finally {
      await reader?.close().catch(() => {});
    }
  }

  /** Looked at before any other failure: a table that was dropped meanwhile fails the dump in words that explain nothing. */
  private async assertUnchanged(schema: string, before: ReadonlyMap<string, string> | undefined, reader: Snapshot | undefined, ...outcomes: PromiseSettledResult<unknown>[]): Promise<void> {
    if (before === undefined || this.options.signal.aborted) return;
    if (outcomes.some((outcome) => outcome.status === 'rejected' && outcome.reason instanceof AppError)) return;
    // After a failure the reader may be at its statement's cancelling still.
    const isWell = outcomes.every(({ status }) => status === 'fulfilled');
    const now = isWell && reader !== undefined ? reader : await openSnapshot(this.options.url, this.options).catch(() => undefined);
    if (now === undefined) return;
    try {
      await now.leave();
      const changed = changedTables(before, await readShapes(now, schema));
      if (changed.length > 0) throw new ChangedMeanwhile(`The schema ${schema} was migrated while it was dumped (${changed.slice(0, 3).join(', ')}).`);
    } finally {
      if (now !== reader) await now.close().catch(() => {});
    }
  }
}

type Description = Omit<SchemaArchive, 'archive' | 'files'>;

async function describeSchema(reader: Snapshot, schema: string, signal: AbortSignal): Promise<Description> {
  const described = { schema, ...(await readHistory(reader, schema)), fingerprint: await readFingerprint(reader, schema) };
  const sums = await sumMethodOf(reader);
  return { ...described, tables: await sumTables(reader, await summedTables(reader, schema, sums), signal), sums };
}
