import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { AppError } from '../../errors/app-error.js';
import { workerFile } from './worker-file.js';
import type { FromWorker, ToWorker, WorkerOptions } from './worker-protocol.js';

export interface SupervisorOptions extends Omit<WorkerOptions, 'port' | 'busySince'> {
  readonly port: number;
  readonly log: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** A statement that crashes the engine each time must not make it start for ever. */
const RESTARTS = 5;
const RESTARTS_WITHIN_MS = 60_000;

/** Recursion that PostgreSQL's own max_stack_depth (2 MB, of another stack) should end; V8's 4 MB are used up before. */
const STACK_MB = 32;

const DRAIN_MS = 10_000;
/** For the checkpoint after it. Longer than any seen; a thread that hangs is ended, which loses nothing. */
const CLOSE_MS = 30_000;

const LONG_RUN_MS = 60_000;

/** Keeps a thread with the engine running, on one port. */
export class Supervisor {
  private worker: Worker | undefined;
  private port: number;
  private stopping = false;
  private readonly restarts: number[] = [];
  private readonly busySince = new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT);
  private readonly watch: NodeJS.Timeout;
  private warnedOf = 0;
  private lastFailure: string | undefined;

  constructor(private readonly options: SupervisorOptions) {
    this.port = options.port;
    this.watch = setInterval(() => this.warnOfLongRun(), 5_000).unref();
  }

  /** Answers the port. @throws AppError `unavailable` where the engine does not start */
  async start(): Promise<number> {
    try {
      this.port = await this.startWorker();
      return this.port;
    } catch (error) {
      clearInterval(this.watch);
      throw error;
    }
  }

  async stop(): Promise<void> {
    this.stopping = true;
    clearInterval(this.watch);
    const { worker } = this;
    if (!worker) return;
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()));
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window: it has no origin
    worker.postMessage({ type: 'stop', drainMs: DRAIN_MS } satisfies ToWorker);
    const limit = setTimeout(() => {
      this.options.log('warn', 'The embedded database did not stop in time and was ended; its next start recovers.');
      void worker.terminate();
    }, DRAIN_MS + CLOSE_MS);
    await ended;
    clearTimeout(limit);
  }

  private startWorker(): Promise<number> {
    const { databaseFolder, superuserVerifier, waitingMs, idleInTransactionMs } = this.options;
    const { port, busySince } = this;
    const workerData: WorkerOptions = { databaseFolder, superuserVerifier, waitingMs, idleInTransactionMs, port, busySince };
    const worker = new Worker(workerFile('embedded-worker.js', import.meta.url), {
      workerData,
      // The environment holds secrets that the thread has no use for.
      env: {},
      // Not this process's own: tsx's hooks, or what --eval brings with it, are nothing to a thread made of plain JavaScript.
      execArgv: ['--enable-source-maps'],
      resourceLimits: { stackSizeMb: STACK_MB },
    });
    this.worker = worker;
    this.lastFailure = undefined;
    return new Promise((resolve, reject) => {
      let listening = false;
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'log') this.options.log(message.level, message.message);
        if (message.type === 'failed') this.lastFailure = message.message;
        if (message.type !== 'listening') return;
        listening = true;
        resolve(message.port);
      });
      worker.on('error', (error) => {
        this.lastFailure = error instanceof Error ? error.message : String(error);
      });
      worker.on('exit', () => {
        this.worker = undefined;
        new Float64Array(this.busySince)[0] = 0;
        if (listening) void this.onEnd();
        else reject(new AppError('unavailable', `The embedded database does not start: ${this.lastFailure ?? 'it gave no reason'}`));
      });
    });
  }

  private async onEnd(): Promise<void> {
    while (!this.stopping) {
      const reason = this.lastFailure ?? 'its thread ended';
      const now = Date.now();
      while (this.restarts[0] !== undefined && now - this.restarts[0] > RESTARTS_WITHIN_MS) this.restarts.shift();
      if (this.restarts.length >= RESTARTS) {
        this.options.log('error', `The embedded database failed again (${reason}) and is given up. Start Nagaya again; what was acknowledged is kept.`);
        return;
      }
      this.restarts.push(now);
      this.options.log('error', `The embedded database failed (${reason}) and is started again on port ${this.port}.`);
      if (await this.restart()) return;
    }
  }

  private async restart(): Promise<boolean> {
    try {
      await this.startWorker();
      this.options.log('info', 'The embedded database is back.');
      return true;
    } catch (error) {
      this.lastFailure = (error as Error).message;
      await sleep(500);
      return false;
    }
  }

  private warnOfLongRun(): void {
    const since = new Float64Array(this.busySince)[0] ?? 0;
    if (since === 0 || since === this.warnedOf || Date.now() - since < LONG_RUN_MS) return;
    this.warnedOf = since;
    this.options.log('warn', 'A statement has kept the embedded database busy for a minute. It can\'t be cancelled, and everybody waits for it.');
  }
}
