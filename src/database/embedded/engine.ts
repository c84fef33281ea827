import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { readReply, type BackendError } from './wire/backend-reply.js';
import { simpleQuery } from './wire/frontend-messages.js';

/** The database's name on this engine; initdb makes it. */
export const DATABASE = 'postgres';
export const SUPERUSER = 'postgres';

/** What stands in ReadyForQuery: idle, in a transaction, in a failed one. */
export type TransactionStatus = 'I' | 'T' | 'E';

export interface EngineReply {
  readonly chunks: Buffer[];
  /** Undefined where the messages ended in Flush: the batch is not over. */
  readonly status: TransactionStatus | undefined;
  /** The reply grew above the limit and was thrown away. */
  readonly overflow: boolean;
}

/** The engine is beyond repair: only starting it again, as after a crash, gives a database that can be trusted. */
export class EngineFailure extends Error {
  override readonly name = 'EngineFailure';
}

/** An ErrorResponse to SQL of our own. */
export class EngineError extends Error {
  override readonly name = 'EngineError';
  readonly sqlState: string;

  constructor(readonly fields: BackendError) {
    super(fields.message);
    this.sqlState = fields.code;
  }
}

/** The parts of PGlite's WebAssembly module that drive its session. */
interface EngineModule {
  readonly HEAPU8: Uint8Array;
  stackSave(): number;
  stackRestore(pointer: number): void;
  addFunction(callback: (pointer: number, length: number) => number, signature: string): number;
  _pgl_set_rw_cbs(read: number, write: number): void;
  _PostgresMainLoopOnce(): void;
  _PostgresMainLongJmp(): void;
  _PostgresSendReadyForQueryIfNecessary(): void;
  _pgl_pq_flush(): void;
  _pq_buffer_remaining_data(): number;
}

/** The exit status by which the engine's longjmp (an SQL error) shows; `POSTGRES_MAIN_LONGJMP` in PGlite's sources. */
const LONGJMP_STATUS = 100;

/** The engine can't be stopped in mid-reply, so the whole of it has to be held in memory; larger ones are thrown away. */
const REPLY_LIMIT_BYTES = 512 * 1024 ** 2;

/**
 * Timers off, for good. A time-out that goes off ends the session of a server's backend; here it ends the engine, and
 * `idle_in_transaction_session_timeout` and `transaction_timeout` leave it running in circles. Without a timer any SET
 * of them is accepted and does nothing, whoever sets it and however.
 */
const withoutTimers = {
  name: 'without-timers',
  setup: async (_pg: unknown, options: { instantiateWasm: (imports: WasmImports, done: unknown) => unknown }) => ({
    emscriptenOpts: {
      ...options,
      instantiateWasm: (imports: WasmImports, done: unknown) => {
        imports.env['_setitimer_js'] = () => 0;
        return options.instantiateWasm(imports, done);
      },
    },
  }),
};

interface WasmImports {
  readonly env: Record<string, unknown>;
}

/** PGlite's start parameters, but without `-O` (system tables stay closed) and with a server's default search_path. */
const START_PARAMETERS = ['--single', '-F', '-j'].concat(
  [
    'search_path="$user", public',
    'exit_on_error=false',
    'log_checkpoints=false',
    'max_worker_processes=0',
    'max_parallel_workers=0',
    'max_parallel_workers_per_gather=0',
    'max_parallel_maintenance_workers=0',
    'io_method=sync',
    'min_wal_size=32MB',
    'max_wal_size=128MB',
  ].flatMap((setting) => ['-c', setting]),
);

/**
 * The one session of a PGlite database, by wire messages. It drives PGlite's message loop itself, because
 * `execProtocolRaw` swallows every exception of the WebAssembly module and goes on with an engine whose locks,
 * snapshots and stack are in disorder.
 */
export class Engine {
  private input: Uint8Array = new Uint8Array(0);
  private readOffset = 0;
  private output: Buffer[] = [];
  private outputBytes = 0;
  private failed: EngineFailure | undefined;
  /** Milliseconds spent in the engine since it was opened. */
  busyMs = 0;

  private constructor(
    private readonly pglite: PGlite,
    private readonly module: EngineModule,
    private readonly onBusy: (busy: boolean) => void,
  ) {
    const read = module.addFunction((pointer, length) => this.give(pointer, length), 'ipi');
    const write = module.addFunction((pointer, length) => this.take(pointer, length), 'ipi');
    module._pgl_set_rw_cbs(read, write);
  }

  /** Makes the database where the folder is empty (2–12 s). `onBusy` is called before and after each run. */
  static async open(folder: string, onBusy: (busy: boolean) => void = () => {}): Promise<Engine> {
    const pglite = await PGlite.create(folder, { extensions: { vector, withoutTimers }, startParams: START_PARAMETERS });
    return new Engine(pglite, pglite.Module as unknown as EngineModule, onBusy);
  }

  /**
   * Runs whole wire messages to their end and answers what the backend sent. The last message decides the status.
   * @throws EngineFailure after which nothing more can be run
   */
  run(messages: Uint8Array): EngineReply {
    if (this.failed) throw this.failed;
    this.input = messages;
    this.readOffset = 0;
    this.output = [];
    this.outputBytes = 0;
    const began = performance.now();
    this.onBusy(true);
    try {
      while (this.readOffset < messages.length || this.module._pq_buffer_remaining_data() > 0) this.runOne();
      this.module._PostgresSendReadyForQueryIfNecessary();
      this.module._pgl_pq_flush();
    } catch (error) {
      this.failed = new EngineFailure(`The database engine failed: ${describe(error)}`, { cause: error });
      throw this.failed;
    } finally {
      this.onBusy(false);
      this.busyMs += performance.now() - began;
    }
    const chunks = this.output;
    this.output = [];
    this.input = new Uint8Array(0);
    return { chunks, status: statusAtEnd(chunks), overflow: this.outputBytes > REPLY_LIMIT_BYTES };
  }

  /**
   * SQL of our own; the rows of all its statements, as text.
   * @throws EngineError for an SQL error
   */
  query(sql: string): (string | null)[][] {
    const { rows, error } = readReply(Buffer.concat(this.run(simpleQuery(sql)).chunks));
    if (error) throw new EngineError(error);
    return rows;
  }

  async close(): Promise<void> {
    await this.pglite.close();
  }

  private runOne(): void {
    const stack = this.module.stackSave();
    try {
      this.module._PostgresMainLoopOnce();
    } catch (error) {
      if ((error as { status?: unknown } | undefined)?.status !== LONGJMP_STATUS) throw error;
      this.module.stackRestore(stack);
      this.module._PostgresMainLongJmp();
    }
  }

  private give(pointer: number, length: number): number {
    const part = this.input.subarray(this.readOffset, this.readOffset + length);
    this.module.HEAPU8.set(part, pointer);
    this.readOffset += part.length;
    return part.length;
  }

  private take(pointer: number, length: number): number {
    this.outputBytes += length;
    // The end is always kept: the status stands there.
    if (this.outputBytes > REPLY_LIMIT_BYTES) this.output = [];
    this.output.push(Buffer.from(this.module.HEAPU8.subarray(pointer, pointer + length)));
    return length;
  }
}

/** ReadyForQuery is always last, and six bytes long: 'Z', the length 5, the status. */
function statusAtEnd(chunks: readonly Buffer[]): TransactionStatus | undefined {
  const last = chunks.at(-1);
  if (!last) return undefined;
  const end = last.length >= 6 ? last.subarray(-6) : Buffer.concat(chunks.slice(-6)).subarray(-6);
  if (end.length < 6 || end[0] !== 0x5a || end.readInt32BE(1) !== 5) return undefined;
  const status = String.fromCharCode(end[5] ?? 0);
  return status === 'I' || status === 'T' || status === 'E' ? status : undefined;
}

function describe(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  return String(error);
}
