import { parentPort, receiveMessageOnPort, workerData, type MessagePort } from 'node:worker_threads';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';

// The entry of a thread that runs PostgreSQL's own pg_dump, compiled to WebAssembly. It reads and writes its connection as if both
// happened at once, so the thread stands still until the main thread has brought the answer from the database.

export interface PgDumpThreadOptions {
  /** Takes what pg_dump says to the database, and brings the answer. */
  readonly connection: MessagePort;
  /** One int32, 1 once an answer has been sent. */
  readonly answered: SharedArrayBuffer;
  readonly args: readonly string[];
}

export type PgDumpOutcome = { readonly sql: string } | { readonly failure: string };

const { connection, answered, args } = workerData as PgDumpThreadOptions;
const flag = new Int32Array(answered);

function exchange(bytes: Uint8Array, { onRawData }: { onRawData: (answer: Uint8Array) => void }): void {
  Atomics.store(flag, 0, 0);
  // A copy: these are pg_dump's own memory.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window: it has no origin
  connection.postMessage(Uint8Array.from(bytes));
  Atomics.wait(flag, 0, 0);
  const { message } = receiveMessageOnPort(connection) as { message: Uint8Array };
  if (message.length > 0) onRawData(message);
}

/** All that the package asks of a PGlite; it wants to put the search path of its own session back, which the caller does. */
const database = {
  query: () => Promise.resolve({ rows: [{ search_path: '' }] }),
  exec: () => Promise.resolve([]),
  execProtocolRawStream: exchange,
};

async function run(): Promise<PgDumpOutcome> {
  try {
    const file = await pgDump({ pg: database as unknown as Parameters<typeof pgDump>[0]['pg'], args: [...args] });
    return { sql: await file.text() };
  } catch (error) {
    return { failure: error instanceof Error ? error.message : String(error) };
  }
}

// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window: it has no origin
parentPort?.postMessage(await run());
connection.close();
