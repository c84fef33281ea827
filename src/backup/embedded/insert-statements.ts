import type { Queryable } from '../../database/admin-connection.js';
import { quoteIdent, quoteLiteral } from '../../database/quote-ident.js';
import type { EmbeddedSession } from './embedded-session.js';

/** A statement grows to about this many characters. */
const STATEMENT_CHARS = 256 * 1024;

interface RowsOf {
  table: string;
  /** In the order of their numbers; generated ones are computed again. */
  columns: string[];
  hasIdentity: boolean;
}

const TABLES_SQL = `
  SELECT c.relname AS table, coalesce(bool_or(a.attidentity = 'a'), false) AS "hasIdentity",
         coalesce(json_agg(a.attname ORDER BY a.attnum) FILTER (WHERE a.attname IS NOT NULL), '[]') AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
   WHERE n.nspname = $1 AND c.relkind = 'r'
   GROUP BY c.relname ORDER BY c.relname COLLATE "C"`;

const SEQUENCES_SQL = `SELECT sequencename AS name FROM pg_sequences WHERE schemaname = $1 ORDER BY 1`;

/**
 * The rows of a schema's tables and the places of its sequences, as SQL: one statement a line, so that a reader needs no parser.
 * INSERT and not COPY, which the embedded engine can't take in.
 */
export async function* insertStatements(session: EmbeddedSession, schema: string): AsyncGenerator<string> {
  for (const of of await session.query<RowsOf>(TABLES_SQL, [schema])) if (of.columns.length > 0) yield* insertsInto(session, schema, of);
  for (const { name } of await session.query<{ name: string }>(SEQUENCES_SQL, [schema])) yield await placeOf(session, schema, name);
}

async function* insertsInto(session: EmbeddedSession, schema: string, { table, columns, hasIdentity }: RowsOf): AsyncGenerator<string> {
  const [name, list] = [`${quoteIdent(schema)}.${quoteIdent(table)}`, columns.map(quoteIdent).join(', ')];
  const head = `INSERT INTO ${name} (${list}) ${hasIdentity ? 'OVERRIDING SYSTEM VALUE ' : ''}VALUES `;
  let rows: string[] = [];
  let length = 0;
  for await (const fetched of session.rows(`SELECT ${list} FROM ONLY ${name}`)) {
    for (const row of fetched) {
      const text = `(${row.map(literalOf).join(', ')})`;
      if (length + text.length > STATEMENT_CHARS && rows.length > 0) {
        yield `${head}${rows.join(', ')};\n`;
        rows = [];
        length = 0;
      }
      rows.push(text);
      length += text.length;
    }
  }
  if (rows.length > 0) yield `${head}${rows.join(', ')};\n`;
}

async function placeOf(db: Queryable, schema: string, name: string): Promise<string> {
  const sequence = `${quoteIdent(schema)}.${quoteIdent(name)}`;
  const [place] = await db.query<{ last: string; called: boolean }>(`SELECT last_value::text AS last, is_called AS called FROM ${sequence}`);
  return `SELECT pg_catalog.setval(${quoteLiteral(sequence)}, ${place?.last ?? '1'}, ${place?.called ?? false});\n`;
}

/** On one line, whatever is in it. */
export function literalOf(value: string | null): string {
  if (value === null) return 'NULL';
  const quoted = value.replaceAll("'", "''");
  if (!/[\\\n\r]/.test(value)) return `'${quoted}'`;
  return `E'${quoted.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('\r', '\\r')}'`;
}
