import type { Queryable } from '../../../database/admin-connection.js';
import { quoteIdent } from '../../../database/quote-ident.js';
import type { RemainingRows } from './forgotten.dto.js';

/** A column of this product's tables that names a session or a memory. */
export interface NamedPlace {
  readonly table: string;
  readonly column: string;
}

/** What a column that holds it is called: `session_id` and whatever ends so. */
export type Named = 'session_id' | 'memory_id';

/**
 * Read from the catalogue and not from a list, so that a table added tomorrow is looked into as well: erased in and counted.
 * Partitions are reached through their parents.
 */
export function placesNaming(database: Queryable, what: Named): Promise<NamedPlace[]> {
  return database.query<NamedPlace>(
    `SELECT c.relname AS table, a.attname AS column
       FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
      WHERE c.relnamespace = 'coding_rule2'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
        AND a.attnum > 0 AND NOT a.attisdropped AND (a.attname = $1::text OR a.attname LIKE '%\\_' || $1::text)
      ORDER BY 1, 2`,
    [what],
  );
}

/** How many rows still name it, place by place. */
export async function countRemaining(database: Queryable, places: readonly NamedPlace[], value: string): Promise<RemainingRows[]> {
  const counts: RemainingRows[] = [];
  for (const { table, column } of places) {
    const [row] = await database.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM coding_rule2.${quoteIdent(table)} WHERE ${quoteIdent(column)}::text = $1`,
      [value],
    );
    counts.push({ table, column, rows: row?.rows ?? 0 });
  }
  return counts;
}
