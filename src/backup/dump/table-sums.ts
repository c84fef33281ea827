import type { Queryable } from '../../database/admin-connection.js';
import { columnsOf, KNOWN_HASHES, ROW_HASHES, type SumMethod } from './row-hash.js';

/** What a table held: enough to tell that a restored one holds the same rows, in whatever order. */
export interface TableSum {
  readonly name: string;
  /** Rows, as text: a bigint. */
  readonly rows: string;
  /** The sum over all rows of 64 bits of each row's hash; '0' for an empty table. No secret stands behind it. */
  readonly checksum: string;
}

/** A table with rows of its own, and the statement that sums them: `rows` and `checksum`. */
export interface SummedTable {
  readonly name: string;
  readonly sql: string;
}

/** What new backups are summed by. */
const USUAL: SumMethod = 'columns64';

/** Fails where the server hashes otherwise: its sums could be compared with none. For PL/pgSQL. */
export function assertHashes(method: SumMethod): string {
  const known = KNOWN_HASHES[method];
  if (known === undefined) return '';
  return `IF ${known.sql} <> ${known.value} THEN
  RAISE EXCEPTION 'nagaya: this server hashes otherwise than the one of the backup (another byte order), so the rows can not be compared';
END IF;`;
}

/** On a server that hashes otherwise than all others, MD5, which is the same everywhere. */
export async function sumMethodOf(db: Queryable): Promise<SumMethod> {
  const known = KNOWN_HASHES[USUAL];
  const [row] = await db.query<{ same: boolean }>(`SELECT ${known?.sql} = ${known?.value} AS same`);
  return row?.same === true ? USUAL : 'md5';
}

/** The tables of the schema `$schema` (a literal or a parameter), partitions one by one. A table may have no columns. */
const SUMS_SQL = `
  SELECT c.relname AS name,
         format('SELECT count(*)::text AS rows, coalesce(sum($row_hash), 0)::text AS checksum FROM ONLY %I.%I',
                string_agg($columns, ', ' ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL),
                n.nspname, c.relname) AS sql
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_proc s ON s.oid = t.typsend
    LEFT JOIN pg_namespace sn ON sn.oid = s.pronamespace
    LEFT JOIN pg_type e ON e.oid = t.typelem AND t.typsubscript = 'array_subscript_handler'::regproc
   WHERE n.nspname = $schema AND c.relkind = 'r'
   GROUP BY n.nspname, c.relname ORDER BY c.relname COLLATE "C"`;

/** The statement with the schema's name in it, for a script that takes no parameters. */
export function sumsStatement(schemaLiteral: string, method: SumMethod): string {
  return SUMS_SQL.replace('$row_hash', () => ROW_HASHES[method])
    .replace('$columns', () => columnsOf(method))
    .replace('$schema', () => schemaLiteral);
}

export async function summedTables(db: Queryable, schema: string, method: SumMethod): Promise<SummedTable[]> {
  return db.query<SummedTable>(sumsStatement('$1', method), [schema]);
}

/** Sums the tables with what `db` sees: the caller has pinned it to a snapshot. */
export async function sumTables(db: Queryable, tables: readonly SummedTable[], signal: AbortSignal): Promise<TableSum[]> {
  const sums: TableSum[] = [];
  for (const { name, sql } of tables) {
    signal.throwIfAborted();
    const [sum] = await db.query<Omit<TableSum, 'name'>>(sql);
    sums.push({ name, rows: sum?.rows ?? '0', checksum: sum?.checksum ?? '0' });
  }
  return sums;
}
