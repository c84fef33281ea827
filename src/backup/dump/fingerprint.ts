import type { Queryable } from '../../database/admin-connection.js';

/**
 * Everything that a schema is made of but its rows, its owner, its grants and its policies, as one hash: two schemas with the
 * same one are built alike. Names are printed in full, so the search path must be empty. `$schema` is a literal. Casts to text
 * and parentheses are left out: PostgreSQL prints a condition that it has read back with others of them.
 */
const FINGERPRINT_SQL = `
  WITH home AS (SELECT oid FROM pg_namespace WHERE nspname = $schema), lines AS (
    SELECT format('column %s.%s %s %s %s %s', c.relname, a.attname, format_type(a.atttypid, a.atttypmod),
                  CASE WHEN a.attnotnull THEN 'not null' ELSE 'null' END, concat(a.attidentity, a.attgenerated),
                  coalesce(pg_get_expr(d.adbin, d.adrelid), '')) AS line
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = (SELECT oid FROM home) AND c.relkind IN ('r', 'p', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped
    UNION ALL
    SELECT format('relation %s %s %s', c.relkind, c.relname, coalesce(pg_get_expr(c.relpartbound, c.oid), ''))
      FROM pg_class c WHERE c.relnamespace = (SELECT oid FROM home) AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'i', 'I')
    UNION ALL
    SELECT format('constraint %s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
      FROM pg_constraint WHERE connamespace = (SELECT oid FROM home) AND contype IN ('p', 'u', 'f', 'c', 'x') AND conrelid <> 0
    UNION ALL
    SELECT 'index ' || pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = (SELECT oid FROM home)
    UNION ALL
    SELECT 'function ' || pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = (SELECT oid FROM home) AND prokind IN ('f', 'p')
    UNION ALL
    SELECT 'view ' || c.relname || pg_get_viewdef(c.oid) FROM pg_class c WHERE c.relnamespace = (SELECT oid FROM home) AND c.relkind IN ('v', 'm')
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = (SELECT oid FROM home) AND NOT t.tgisinternal
    UNION ALL
    SELECT format('enum %s %s', t.typname, e.enumlabel) FROM pg_enum e JOIN pg_type t ON t.oid = e.enumtypid WHERE t.typnamespace = (SELECT oid FROM home)
  ), plain AS (
    SELECT regexp_replace(line, '::(text|character varying)(\\[\\])?|[()[:space:]]', '', 'g') AS line FROM lines
  )
  SELECT encode(sha256(convert_to(coalesce(string_agg(line, E'\\n' ORDER BY line COLLATE "C"), ''), 'UTF8')), 'hex') AS fingerprint FROM plain`;

/** The statement with the schema's name in it, for a script that takes no parameters. */
export function fingerprintStatement(schemaLiteral: string): string {
  return FINGERPRINT_SQL.replace('$schema', () => schemaLiteral);
}

/** SHA-256, hex. */
export async function readFingerprint(db: Queryable, schema: string): Promise<string> {
  const [row] = await db.query<{ fingerprint: string }>(fingerprintStatement('$1'), [schema]);
  return row?.fingerprint ?? '';
}
