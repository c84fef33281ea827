import pg from 'pg';

export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** Under which the connection keeps it. */
  readonly name?: string | undefined;
}

type Answered<Row extends object> = (error: Error | null | undefined, result: pg.QueryResult<Row>) => void;

/** What pg's types don't say: a query of its own is answered to a function, too. */
interface Answering<Row extends object> {
  query(query: pg.Query, answered: Answered<Row>): void;
}

/** Sends a statement, by the extended protocol, and gives its connection back with the answer. */
export function sendAndRelease<Row extends object>(client: pg.PoolClient, { text, values, name }: Statement): Promise<pg.QueryResult<Row>> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    // Called when the connection is ready for the next one, or at once when the statement is refused; and a second time where it could not
    // be sent and its connection is closed for that.
    const answered: Answered<Row> = (error, result) => {
      if (isAnswered) return;
      isAnswered = true;
      client.release(error ?? undefined);
      if (error) reject(error);
      else resolve(result);
    };
    try {
      // Given as options, pg would copy them first, property by property.
      const query = Object.assign(new pg.Query(text, values as unknown[]), { name, queryMode: 'extended' });
      (client as unknown as Answering<Row>).query(query, answered);
    } catch (error) {
      client.release(true);
      reject(error);
    }
  });
}
