import pg from 'pg';

/** What became of a statement: the SQLSTATE of its refusal, or the rows of its last part. */
export type Outcome = { readonly refused: string } | { readonly rows: readonly Record<string, unknown>[]; readonly affected: number };

/** A plain login, without any of the service's code between it and PostgreSQL: what an injected statement would have. */
export class RoleSession {
  private constructor(private readonly client: pg.Client) {}

  static async open(url: string): Promise<RoleSession> {
    const client = new pg.Client({ connectionString: url });
    client.on('error', () => {});
    await client.connect();
    return new RoleSession(client);
  }

  /** Runs SQL by the simple protocol, which takes several statements at once, and leaves no transaction or setting behind. */
  async attempt(sql: string): Promise<Outcome> {
    try {
      const answer = (await this.client.query(sql)) as unknown as pg.QueryResult | pg.QueryResult[];
      const last = Array.isArray(answer) ? answer.at(-1) : answer;
      return { rows: (last?.rows ?? []) as Record<string, unknown>[], affected: last?.rowCount ?? 0 };
    } catch (error) {
      if (error instanceof pg.DatabaseError && error.code !== undefined) return { refused: error.code };
      throw error;
    } finally {
      await this.client.query('ROLLBACK');
      await this.client.query('DISCARD ALL');
    }
  }

  async rows<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    return (await this.client.query<Row>(sql, [...values])).rows;
  }

  async close(): Promise<void> {
    await this.client.end();
  }
}

/** The SQLSTATE with which a login is refused; undefined where it gets in. */
export async function loginRefusal(url: string): Promise<string | undefined> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => {});
  try {
    await client.connect();
    return undefined;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== undefined) return error.code;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}
