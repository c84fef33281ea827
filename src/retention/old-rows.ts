import type { Queryable } from '../database/admin-connection.js';
import { quoteIdent } from '../database/quote-ident.js';

/** Counted at most; beyond that it is enough to know that there are many. */
export const COUNTED_AT_MOST = 100_000;

/** What of a table is older than its rows are kept, before anything is deleted. */
export interface OldRows {
  /** At most COUNTED_AT_MOST. */
  readonly rows: number;
  readonly oldest: Date | null;
}

/** Deletes some of the rows that are older than `before`, oldest first, in a transaction of its own. @returns how many */
export type DeleteBatch = (before: Date, limit: number) => Promise<number>;

interface AgedTable {
  readonly schema: string;
  readonly table: string;
  readonly column: string;
}

/** By the database's clock. @returns the moment before which a row is too old */
export async function tooOldBefore(own: Queryable, days: number): Promise<Date> {
  const [row] = await own.query<{ before: Date }>('SELECT clock_timestamp() - make_interval(days => $1) AS before', [days]);
  return row?.before ?? new Date(0);
}

/** The way for a table that nothing else depends on. A row that somebody works on just now is left to the next turn. */
export function plainBatch(own: Queryable, at: AgedTable): DeleteBatch {
  const [table, column] = names(at);
  return async (before, limit) => {
    // In a partitioned table a ctid is not unique; that the row is old is said again, so it deletes no younger one.
    const rows = await own.query(
      `DELETE FROM ${table} WHERE ${column} < $1 AND ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE ${column} < $1 ORDER BY ${column} LIMIT $2 FOR UPDATE SKIP LOCKED)) RETURNING 1`,
      [before, limit],
    );
    return rows.length;
  };
}

export async function readOldRows(own: Queryable, at: AgedTable, before: Date): Promise<OldRows> {
  const [table, column] = names(at);
  const [row] = await own.query<OldRows>(
    `SELECT count(*)::int AS rows, min(at) AS oldest FROM (SELECT ${column} AS at FROM ${table} WHERE ${column} < $1 ORDER BY ${column} LIMIT ${COUNTED_AT_MOST}) old`,
    [before],
  );
  return row ?? { rows: 0, oldest: null };
}

function names({ schema, table, column }: AgedTable): [table: string, column: string] {
  return [`${quoteIdent(schema)}.${quoteIdent(table)}`, quoteIdent(column)];
}
