import { quoteIdent } from '../quote-ident.js';
import { asOwner, type AccessRule } from './finding.js';

interface IndexRow {
  schema: string;
  name: string;
  table: string;
  isPartitioned: boolean;
  isUnique: boolean;
}

const INVALID_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, t.relname AS table, c.relkind = 'I' AS "isPartitioned", i.indisunique AS "isUnique"
    FROM pg_index i
    JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY($1) AND NOT (i.indisvalid AND i.indisready AND i.indislive)
     -- One that is being built right now is not broken.
     AND NOT EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = i.indexrelid)
   ORDER BY 1, 2`;

/** What CREATE INDEX CONCURRENTLY and REINDEX CONCURRENTLY call what they have not finished. */
const UNFINISHED = /_cc(new|old)\d*$/;

/** An index that a failed CONCURRENTLY has left costs every write and serves no read; a unique one guards nothing. */
export const invalidIndexes: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const rows = await db.query<IndexRow>(INVALID_SQL, [schemas]);
  return rows.map(({ schema, name, table, isPartitioned, isUnique }) => {
    const index = `${quoteIdent(schema)}.${quoteIdent(name)}`;
    const statement = UNFINISHED.test(name) ? `DROP INDEX ${index}` : `REINDEX INDEX ${index}`;
    return {
      rule: 'index-invalid',
      severity: 'error' as const,
      detail: `The index "${name}" on "${schema}"."${table}" is not valid: ${isUnique ? 'it does not keep rows unique' : 'no query uses it'}.${isPartitioned ? ' A partition lacks its part of it.' : ''}`,
      // Writers wait while it is built; by hand, outside of a transaction, REINDEX INDEX CONCURRENTLY lets them go on.
      fix: isPartitioned ? [] : asOwner(statement),
    };
  });
};
