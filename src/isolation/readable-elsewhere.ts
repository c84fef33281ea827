import type { Queryable } from '../database/admin-connection.js';
import type { House } from '../database/migrator.js';

export interface ReadableRelation {
  readonly schema: string;
  readonly name: string;
}

// The schemas first: a role may look into a handful of hundreds, and only their relations are asked about. Schemas of core's owner
// that no manifest names are archived products and restored copies.
const READABLE_SQL = `
  WITH open AS MATERIALIZED (
    SELECT n.oid, n.nspname FROM pg_namespace n
     WHERE (n.nspname = ANY($1) OR n.nspowner = (SELECT nspowner FROM pg_namespace WHERE nspname = 'core')) AND NOT n.nspname = ANY($2)
       AND NOT EXISTS (SELECT FROM pg_extension e WHERE e.extnamespace = n.oid)
       AND has_schema_privilege(n.oid, 'USAGE'))
  SELECT o.nspname AS schema, c.relname AS name
    FROM open o JOIN pg_class c ON c.relnamespace = o.oid
   WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND (has_table_privilege(c.oid, 'SELECT') OR has_any_column_privilege(c.oid, 'SELECT'))
   ORDER BY 1, 2 LIMIT 50`;

/** What the role that asks could read outside of its own schema and the shared ones, by PostgreSQL's own check. */
export function readableElsewhere(product: Queryable, id: string, { products, shared }: House): Promise<ReadableRelation[]> {
  const others = products.map((manifest) => manifest.id).filter((other) => other !== id);
  return product.query<ReadableRelation>(READABLE_SQL, [others, [id, ...shared.map((manifest) => manifest.id)]]);
}
