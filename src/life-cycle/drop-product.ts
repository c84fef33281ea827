import { archivedSchema, existingSchemas } from '../database/archived-schemas.js';
import type { AdminConnection, Queryable } from '../database/admin-connection.js';
import type { Cluster } from '../database/cluster.js';
import type { House } from '../database/migrator.js';
import { withLock } from '../database/migrations/schema-lock.js';
import { quoteIdent } from '../database/quote-ident.js';
import { roleComment } from '../database/role-secret.js';
import { AppError } from '../errors/app-error.js';

/** Rows deleted in one statement: a product may have millions of metrics, and no statement of ours runs for long. */
const BATCH = 5_000;
/** What was done and what was saved outlives the product that it was done to. */
const KEPT_TABLES = new Set(['core.audit_log', 'monitoring.backups', 'core.products']);

const PRODUCT_TABLES_SQL = `
  SELECT n.nspname AS schema, c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
   WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') AND NOT c.relispartition
     AND a.attname = 'product_id' AND NOT a.attisdropped AND has_table_privilege(c.oid, 'DELETE')
   ORDER BY c.relname = 'api_keys', 1, 2`;

/**
 * Drops an archived product's schema and its role. Safe to repeat.
 * @returns whether the role is gone; it stays where another database of the server uses it
 * @throws AppError `conflict` where the product still has its schema: then archiving it was not finished
 */
export async function dropSchemaAndRole(admin: AdminConnection, id: string, cluster: Pick<Cluster, 'roles' | 'roleSecret'>): Promise<boolean> {
  return withLock(admin, `migrate:${id}`, async () => {
    const found = await existingSchemas(admin, [id, archivedSchema(id)]);
    if (found.has(id)) throw new AppError('conflict', `The schema "${id}" is in use again, or archiving it was not finished. Run: nagaya product archive ${id}`);
    if (found.has(archivedSchema(id))) await admin.query(`DROP SCHEMA ${quoteIdent(archivedSchema(id))} CASCADE`);
    return dropRole(admin, cluster.roles.of(id), roleComment(cluster.roleSecret, cluster.roles));
  });
}

/** A role that does not carry this deployment's mark is somebody else's and stays. */
async function dropRole(admin: AdminConnection, role: string, mark: string): Promise<boolean> {
  const [found] = await admin.query<{ comment: string | null }>(`SELECT shobj_description(oid, 'pg_authid') AS comment FROM pg_roles WHERE rolname = $1`, [role]);
  if (found === undefined) return true;
  if (found.comment !== mark) return false;
  try {
    await admin.transaction(async () => {
      // DROP OWNED takes the grants back that hold the role; for that one must have its rights.
      await admin.query(`GRANT ${quoteIdent(role)} TO CURRENT_USER`);
      await admin.query(`DROP OWNED BY ${quoteIdent(role)}`);
      await admin.query(`DROP ROLE ${quoteIdent(role)}`);
    });
    return true;
  } catch (error) {
    // 2BP01: something in another database depends on it.
    if (error instanceof Error && 'code' in error && error.code === '2BP01') return false;
    throw error;
  }
}

/** Deletes what the shared tables hold of a product, step by step, its keys and its name last. Safe to repeat. */
export async function forgetProduct(control: Queryable, house: House, id: string): Promise<void> {
  const tables = await control.query<{ schema: string; name: string }>(PRODUCT_TABLES_SQL, [house.shared.map((manifest) => manifest.id)]);
  for (const { schema, name } of tables) {
    if (!KEPT_TABLES.has(`${schema}.${name}`)) await emptyOf(control, `${quoteIdent(schema)}.${quoteIdent(name)}`, id);
  }
  await control.query('DELETE FROM core.products WHERE id = $1', [id]);
}

async function emptyOf(control: Queryable, table: string, id: string): Promise<void> {
  for (;;) {
    // In a partitioned table a ctid is not unique; that the row is this product's is said again, so it deletes no other's.
    const rows = await control.query(
      `DELETE FROM ${table} WHERE product_id = $1 AND ctid = ANY (ARRAY(SELECT ctid FROM ${table} WHERE product_id = $1 LIMIT ${BATCH})) RETURNING 1`,
      [id],
    );
    if (rows.length === 0) return;
  }
}
