import type { Queryable } from '../../database/admin-connection.js';

/** What a table held: enough to tell that a restored one holds the same rows, in whatever order. */
export interface TableSum {
  readonly name: string;
  /** Rows, as text: a bigint. */
  readonly rows: string;
  /** The sum over all rows of 64 bits of each row's hash; '0' for an empty table. No secret stands behind it. */
  readonly checksum: string;
}

/**
 * What a row's bytes are hashed with: PostgreSQL's 64-bit hash of a bytea, or, in manifests of before that was used and on
 * servers that compute it otherwise, the first half of their MD5.
 */
export type SumMethod = 'hash64' | 'md5';

/** A table with rows of its own, and the statement that sums them: `rows` and `checksum`. */
export interface SummedTable {
  readonly name: string;
  readonly sql: string;
}

/** A row's bytes, `%s` its columns. PostgreSQL has no function by itself that hashes a bytea in 64 bits; a record of one is hashed by it. */
const ROW_HASHES: Readonly<Record<SumMethod, string>> = {
  hash64: `hash_record_extended(ROW(record_send(ROW(%s))), 0)`,
  md5: `(''x'' || left(md5(record_send(ROW(%s))), 16))::bit(64)::bigint`,
};

/** What hash64 gives for a known row. On a machine of the other byte order it is another number. */
const KNOWN = { sql: `hash_record_extended(ROW('nagaya'::bytea), 0)`, value: '-3063143413321862097' };

/** Fails where the server computes `hash64` otherwise: its sums could be compared with none. For PL/pgSQL. */
export const ASSERT_HASH64 = `IF ${KNOWN.sql} <> ${KNOWN.value} THEN
  RAISE EXCEPTION 'nagaya: this server hashes otherwise than the one of the backup (another byte order), so the rows can not be compared';
END IF;`;

export async function sumMethodOf(db: Queryable): Promise<SumMethod> {
  const [row] = await db.query<{ same: boolean }>(`SELECT ${KNOWN.sql} = ${KNOWN.value} AS same`);
  return row?.same === true ? 'hash64' : 'md5';
}

/**
 * The tables of the schema `$schema` (a literal or a parameter), partitions one by one, each with the statement that sums it.
 * Rows are hashed in their binary form: for vectors that takes a third of the time that their text does. A record's binary form
 * names each column's type by its OID, so only PostgreSQL's own types, whose OIDs are the same everywhere, go in as they are;
 * of an extension's type goes in what its send function gives, of everything else the text. A table may have no columns.
 */
const SUMS_SQL = `
  SELECT c.relname AS name,
         format('SELECT count(*)::text AS rows, coalesce(sum($row_hash), 0)::text AS checksum FROM ONLY %I.%I',
                string_agg(CASE WHEN t.oid < 16384 AND t.typname NOT LIKE 'reg%' THEN format('%I', a.attname)
                                WHEN t.oid < 16384 OR t.typtype <> 'b' OR t.typelem <> 0 OR s.oid IS NULL THEN format('%I::text', a.attname)
                                ELSE format('$send', sn.nspname, s.proname, a.attname) END, ', ' ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL),
                n.nspname, c.relname) AS sql
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_proc s ON s.oid = t.typsend
    LEFT JOIN pg_namespace sn ON sn.oid = s.pronamespace
   WHERE n.nspname = $schema AND c.relkind = 'r'
   GROUP BY n.nspname, c.relname ORDER BY c.relname COLLATE "C"`;

/** The statement with the schema's name in it, for a script that takes no parameters. */
export function sumsStatement(schemaLiteral: string, method: SumMethod): string {
  return SUMS_SQL.replace('$row_hash', () => ROW_HASHES[method])
    .replace('$send', () => (method === 'md5' ? 'md5(%I.%I(%I))' : '%I.%I(%I)'))
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
