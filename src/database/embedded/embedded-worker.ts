import { parentPort, workerData } from 'node:worker_threads';
import { Engine, EngineFailure } from './engine.js';
import { FrontEnd } from './front-end.js';
import { Housekeeping } from './housekeeping.js';
import { setSuperuserVerifier } from './logins.js';
import type { FromWorker, ToWorker, WorkerOptions } from './worker-protocol.js';

// The entry of the worker thread. The engine works synchronously: in the main thread a long query would stop everything.

const options = workerData as WorkerOptions;
const busySince = new Float64Array(options.busySince);

/** The last words of a failing thread have to reach clients before it ends. */
const FAREWELL_MS = 100;

function tell(message: FromWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window: it has no origin
  parentPort?.postMessage(message);
}

async function serve(): Promise<void> {
  const engine = await Engine.open(options.databaseFolder, (busy) => {
    busySince[0] = busy ? Date.now() : 0;
  });
  setSuperuserVerifier(engine, options.superuserVerifier);
  const log = (level: 'info' | 'warn' | 'error', message: string) => tell({ type: 'log', level, message });
  const frontEnd = new FrontEnd(engine, {
    limits: { waitingMs: options.waitingMs, idleInTransactionMs: options.idleInTransactionMs },
    log,
    onEngineFailure: (failure) => {
      tell({ type: 'failed', message: failure.message });
      setTimeout(() => process.exit(1), FAREWELL_MS);
    },
  });
  const housekeeping = new Housekeeping(engine, frontEnd, log);
  parentPort?.once('message', ({ drainMs }: ToWorker) => void stop(drainMs));
  tell({ type: 'listening', port: await frontEnd.listen(options.port) });

  async function stop(drainMs: number): Promise<void> {
    housekeeping.stop();
    await frontEnd.stop(drainMs);
    try {
      frontEnd.session.makeReadyForSuperuser();
      engine.query('CHECKPOINT');
      await engine.close();
    } catch (error) {
      // Nothing is lost by it: the next start recovers, as after a crash.
      if (!(error instanceof EngineFailure)) throw error;
      log('warn', error.message);
    }
    parentPort?.close();
  }
}

await serve();
