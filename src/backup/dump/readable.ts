import type { Queryable } from '../../database/admin-connection.js';
import { AppError } from '../../errors/app-error.js';

/** A missing policy hides rows without an error: a dump would be empty and look well. */
const UNREADABLE_SQL = `
  SELECT format('%I.%I', n.nspname, c.relname) AS name
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_roles me ON me.rolname = current_user
   WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
     AND NOT (
       has_schema_privilege(n.oid, 'USAGE')
       AND CASE WHEN c.relkind = 'S' THEN has_sequence_privilege(c.oid, 'SELECT') ELSE has_table_privilege(c.oid, 'SELECT') END
       AND (NOT c.relrowsecurity OR me.rolbypassrls OR me.rolsuper
            OR (EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polpermissive AND p.polcmd IN ('r', '*')
                           AND (p.polroles = '{0}' OR me.oid = ANY (p.polroles)) AND pg_get_expr(p.polqual, p.polrelid) = 'true')
                AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND NOT p.polpermissive))))
   ORDER BY 1`;

const NAMED = 5;

/** @throws AppError `conflict` naming what the login of the backups can't read all of */
export async function assertReadable(db: Queryable, schemas: readonly string[]): Promise<void> {
  const rows = await db.query<{ name: string }>(UNREADABLE_SQL, [schemas]);
  if (rows.length === 0) return;
  const names = rows.slice(0, NAMED).map((row) => row.name);
  throw new AppError(
    'conflict',
    `The backup's login can't read all rows of ${names.join(', ')}${rows.length > NAMED ? ` and ${rows.length - NAMED} more` : ''}, so the backup would not be whole. ` +
      'Run "nagaya doctor --fix", which puts grants and policies right, and try again.',
  );
}

/** What of a schema must be the same at the end of a dump: DDL that rewrites a table empties it for older snapshots. */
const SHAPE_SQL = `
  SELECT c.relname AS name, concat_ws(' ', c.oid, c.relfilenode, c.relnatts, c.relchecks) AS shape
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = $1 AND c.relkind IN ('r', 'p') ORDER BY 1`;

/** By table. */
export async function readShapes(db: Queryable, schema: string): Promise<Map<string, string>> {
  const rows = await db.query<{ name: string; shape: string }>(SHAPE_SQL, [schema]);
  return new Map(rows.map((row) => [row.name, row.shape]));
}

/** Tables that are not what they were; tables that are new since then (partitions of days to come) are no matter. */
export function changedTables(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): string[] {
  return [...before].filter(([name, shape]) => after.get(name) !== shape).map(([name]) => name);
}
