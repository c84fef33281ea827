import { MessageChannel, Worker } from 'node:worker_threads';
import { workerFile } from '../../database/embedded/worker-file.js';
import { AUTHENTICATION_OK, backendKeyData, parameterStatus, readyForQuery } from '../../database/embedded/wire/backend-messages.js';
import { FrontendReader } from '../../database/embedded/wire/frontend-reader.js';
import { AppError } from '../../errors/app-error.js';
import type { PgDumpOutcome, PgDumpThreadOptions } from './pg-dump-thread.js';
import type { EmbeddedSession } from './embedded-session.js';

const MESSAGE_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Runs pg_dump on the session and inside its transaction, so that it sees what the session sees.
 * @param args without a database, a login or a file
 * @returns the SQL that it wrote, which is held in memory: leave the rows out
 * @throws AppError `unavailable` with pg_dump's words
 */
export async function runPgDump(session: EmbeddedSession, args: readonly string[], signal: AbortSignal): Promise<string> {
  const channel = new MessageChannel();
  const answered = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const flag = new Int32Array(answered);
  const conversation = new Conversation(session);
  const workerData: PgDumpThreadOptions = { connection: channel.port2, answered, args };
  const stop = (): void => void thread.terminate();
  const thread = new Worker(workerFile('pg-dump-thread.js', import.meta.url), { workerData, transferList: [channel.port2], env: {}, execArgv: [] });
  try {
    const outcome = await new Promise<PgDumpOutcome>((resolve, reject) => {
      channel.port1.on('message', (bytes: Uint8Array) => {
        conversation.answer(Buffer.from(bytes)).then((answer) => {
          // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread's port, not a window: it has no origin
          channel.port1.postMessage(Uint8Array.from(answer));
          Atomics.store(flag, 0, 1);
          Atomics.notify(flag, 0);
        }, reject);
      });
      thread.once('message', resolve);
      thread.once('error', reject);
      thread.once('exit', () => reject(signal.aborted ? signal.reason : new AppError('unavailable', 'pg_dump ended without a word.')));
      signal.addEventListener('abort', stop, { once: true });
    });
    if ('failure' in outcome) throw new AppError('unavailable', `pg_dump failed on the embedded database. (${outcome.failure})`);
    return outcome.sql;
  } finally {
    signal.removeEventListener('abort', stop);
    channel.port1.close();
    await thread.terminate();
    // It prepares statements by name, and finds them there when it runs again.
    if (!signal.aborted) await session.query('DEALLOCATE ALL').catch(() => {});
  }
}

/** What the database says to pg_dump: a greeting of ours, as the session is logged in already, and then what the session answers. */
class Conversation {
  private readonly reader = new FrontendReader(MESSAGE_LIMIT_BYTES);
  private greeted = false;
  private batch: Buffer[] = [];

  constructor(private readonly session: EmbeddedSession) {}

  /** @param bytes messages, or a part of one */
  async answer(bytes: Buffer): Promise<Buffer> {
    this.reader.push(bytes);
    const answers: Buffer[] = [];
    if (!this.greeted) {
      if (this.reader.nextStartup() === undefined) return Buffer.alloc(0);
      this.greeted = true;
      answers.push(await this.greeting());
    }
    for (let message = this.reader.next(); message !== undefined; message = this.reader.next()) {
      // Its farewell: the session goes on.
      if (message.type === 'X') continue;
      this.batch.push(message.bytes);
      if (message.type !== 'Q' && message.type !== 'S') continue;
      answers.push(await this.session.exchange(Buffer.concat(this.batch)));
      this.batch = [];
    }
    return Buffer.concat(answers);
  }

  private async greeting(): Promise<Buffer> {
    const settings = ['server_version', 'server_encoding', 'client_encoding', 'standard_conforming_strings', 'integer_datetimes', 'is_superuser', 'DateStyle', 'TimeZone'];
    const rows = await this.session.query<{ name: string; value: string }>('SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name', [settings]);
    return Buffer.concat([AUTHENTICATION_OK, ...rows.map(({ name, value }) => parameterStatus(name, value)), backendKeyData(0, 0), readyForQuery('I')]);
  }
}
