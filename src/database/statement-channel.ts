import { channel } from 'node:diagnostics_channel';
import pg, { type PoolClient } from 'pg';

/** A statement that a pool's connection runs, as those who listen are told. Never with its values. */
export interface Statement {
  /** Whose login it runs on. */
  readonly role: string;
  readonly sql: string;
  /** Set by whoever listens to the beginning and wants to find it again at the end. */
  watched?: unknown;
  error?: unknown;
}

export const STATEMENT_BEGINS = channel('nagaya:statement:begins');
export const STATEMENT_ENDS = channel('nagaya:statement:ends');

const watched = new WeakSet<PoolClient>();

/** Tells of each statement of this connection from now on. Costs nothing while nobody listens: then it is not called. */
export function tellStatements(client: PoolClient, role: string): void {
  if (watched.has(client)) return;
  watched.add(client);
  const query = client.query.bind(client) as (...given: unknown[]) => unknown;
  const told = (...given: unknown[]): unknown => {
    const sql = textOf(given[0]);
    const callback = given.at(-1);
    if (sql === undefined || !STATEMENT_BEGINS.hasSubscribers) return query(...given);
    const statement: Statement = { role, sql };
    STATEMENT_BEGINS.publish(statement);
    const end = (error?: unknown): void => STATEMENT_ENDS.publish(Object.assign(statement, { error }));
    if (typeof callback === 'function') {
      const ended = (error: unknown, ...rest: unknown[]): void => {
        end(error ?? undefined);
        (callback as (...results: unknown[]) => void)(error, ...rest);
      };
      return query(...given.slice(0, -1), ended);
    }
    return (query(...given) as Promise<unknown>).then(
      (result) => {
        end();
        return result;
      },
      (error: unknown) => {
        end(error);
        throw error;
      },
    );
  };
  client.query = told as PoolClient['query'];
}

/** Undefined for a cursor or a stream, which runs in steps and answers nothing that could be waited for. */
function textOf(first: unknown): string | undefined {
  if (typeof first === 'string') return first;
  const { text, submit } = first as { text?: unknown; submit?: unknown };
  return typeof text === 'string' && (submit === undefined || first instanceof pg.Query) ? text : undefined;
}
