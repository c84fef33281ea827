import pg from 'pg';
import type { Queryable } from '../../database/admin-connection.js';
import { SNAPSHOT_SETTINGS } from '../dump/snapshot.js';

/** Rows that are fetched at a time: a few, as one may be of megabytes. */
const FETCHED = 100;

/**
 * The embedded engine's one session, in a read-only transaction: while it is open nobody else is served, so that what is read
 * is of one moment.
 */
export class EmbeddedSession implements Queryable {
  private readonly onAbort = (): void => void this.client.end().catch(() => {});

  private constructor(
    private readonly client: pg.Client,
    private readonly signal: AbortSignal,
  ) {
    // Its end rolls back and gives the session to others.
    signal.addEventListener('abort', this.onAbort, { once: true });
  }

  /** @param url the login of `nagaya_backup` */
  static async open(url: string, signal: AbortSignal): Promise<EmbeddedSession> {
    signal.throwIfAborted();
    const client = new pg.Client({ connectionString: url, application_name: 'nagaya-backup', connectionTimeoutMillis: 60_000 });
    // A connection that breaks while it is idle is told by the next query.
    client.on('error', () => {});
    await client.connect();
    const session = new EmbeddedSession(client, signal);
    try {
      await client.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`);
      await client.query(SNAPSHOT_SETTINGS);
      return session;
    } catch (error) {
      await session.close().catch(() => {});
      throw error;
    }
  }

  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, [...values])).rows;
  }

  /** The rows that a statement answers, a few at a time, their values as the text that PostgreSQL prints. */
  async *rows(sql: string): AsyncGenerator<(string | null)[][]> {
    await this.client.query(`DECLARE nagaya_rows NO SCROLL CURSOR FOR ${sql}`);
    for (;;) {
      const { rows } = await this.client.query<(string | null)[]>({ text: `FETCH ${FETCHED} FROM nagaya_rows`, rowMode: 'array', types: { getTypeParser: () => (value: string) => value } });
      if (rows.length > 0) yield rows;
      if (rows.length < FETCHED) break;
    }
    await this.client.query('CLOSE nagaya_rows');
  }

  /** Sends messages whose last one asks for an answer, and gives back what the database says, byte by byte. */
  exchange(messages: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      this.client.query(new RawExchange(messages, resolve, reject) as unknown as pg.Submittable);
    });
  }

  /** May be called again. */
  async close(): Promise<void> {
    this.signal.removeEventListener('abort', this.onAbort);
    await this.client.end();
  }
}

/** What the driver takes for a query: it writes the messages, and keeps a copy of what comes until the database is ready again. */
class RawExchange {
  private readonly chunks: Buffer[] = [];
  private stream: NodeJS.EventEmitter | undefined;
  // A copy: the driver's own parser writes into the buffer that it is given.
  private readonly keep = (chunk: Buffer): number => this.chunks.push(Buffer.from(chunk));

  constructor(
    private readonly messages: Buffer,
    private readonly resolve: (answer: Buffer) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  submit({ stream }: { stream: NodeJS.WritableStream }): void {
    this.stream = stream;
    stream.prependListener('data', this.keep);
    stream.write(this.messages);
  }

  handleReadyForQuery(): void {
    this.stream?.off('data', this.keep);
    this.resolve(Buffer.concat(this.chunks));
  }

  /** An error of SQL is a part of the answer; one without a code of PostgreSQL's is the end of the connection. */
  handleError(error: Error & { code?: string; severity?: string }): void {
    if (error.severity !== undefined && error.severity !== 'FATAL') return;
    this.stream?.off('data', this.keep);
    this.reject(error);
  }

  handleRowDescription(): void {}
  handleDataRow(): void {}
  handleCommandComplete(): void {}
  handleEmptyQuery(): void {}
  handlePortalSuspended(): void {}
}
