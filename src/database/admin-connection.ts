import pg from 'pg';
import { quoteIdent } from './quote-ident.js';

export interface StatementOptions {
  /**
   * The text is always the same, and one plan is right whatever the values: each connection may keep it. Of use where a statement is run so
   * often that parsing and planning it counts; a statement that is part of a transaction is parsed each time.
   */
  readonly prepared?: boolean;
}

/** Anything that answers a query with rows: the shape that catalogue queries need, whoever runs them. */
export interface Queryable {
  query<Row extends object>(sql: string, values?: readonly unknown[], options?: StatementOptions): Promise<Row[]>;
}

/**
 * One connection with the migrator's login, for DDL and catalogue reading. Direct, never through a pooler: it holds
 * session-level advisory locks. Use `withAdmin`, which closes it.
 */
export class AdminConnection implements Queryable {
  private constructor(private readonly client: pg.Client) {}

  static async open(url: string, application = 'nagaya-migrator'): Promise<AdminConnection> {
    const client = new pg.Client({ connectionString: url, application_name: application, connectionTimeoutMillis: 10_000 });
    // An idle connection that breaks emits 'error'; the next query reports it, the process must not die of it.
    client.on('error', () => {});
    await client.connect();
    return new AdminConnection(client);
  }

  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const result = await this.client.query<Row>(sql, [...values]);
    return result.rows;
  }

  /** Commits what `work` did, or none of it. */
  async transaction<T>(work: () => Promise<T>): Promise<T> {
    await this.client.query('BEGIN');
    try {
      const result = await work();
      await this.client.query('COMMIT');
      return result;
    } catch (error) {
      // The first failure is the one to report; a connection that can't roll back is closed by the caller anyway.
      await this.client.query('ROLLBACK').catch(() => {});
      throw error;
    }
  }

  /** Like `transaction`, with the rights of the owner of all schemas, so that what is made belongs to it. */
  async asOwner<T>(owner: string, work: () => Promise<T>): Promise<T> {
    return this.transaction(async () => {
      await this.client.query(`SET LOCAL ROLE ${quoteIdent(owner)}`);
      return work();
    });
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}

export async function withAdmin<T>(url: string, work: (admin: AdminConnection) => Promise<T>): Promise<T> {
  const admin = await AdminConnection.open(url);
  try {
    return await work(admin);
  } finally {
    await admin.close();
  }
}
