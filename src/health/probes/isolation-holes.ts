import type { Queryable } from '../../database/admin-connection.js';
import type { House } from '../../database/migrator.js';
import type { RoleNames } from '../../database/role-names.js';

// Each part names a kind of hole once. What an older or newer release has beside us while a deployment rolls is none: a
// table that this release does not know is shut by the same rules.
const HOLES_SQL = `
  WITH products AS (SELECT r.oid, p.id FROM unnest($2::text[], $4::text[]) AS p (id, role) JOIN pg_roles r ON r.rolname = p.role),
       rights AS (
         SELECT n.nspname AS schema, c.oid AS relation, acl.grantee
           FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) acl
          WHERE n.nspname = ANY($2 || $3) AND c.relkind IN ('r', 'p', 'v', 'm')
         UNION ALL
         SELECT n.nspname, c.oid, acl.grantee
           FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(a.attacl) acl
          WHERE n.nspname = ANY($2 || $3) AND a.attacl IS NOT NULL
       ),
       -- Everybody, or a product.
       open_to_products AS (
         SELECT r.schema, r.relation, r.grantee, p.id AS product FROM rights r LEFT JOIN products p ON p.oid = r.grantee
          WHERE r.grantee = 0 OR p.oid IS NOT NULL
       )
  SELECT 'a login role is superuser, above row-level security, maker of roles, owner of tables or member of another' AS hole
   WHERE EXISTS (SELECT FROM pg_roles r
                  WHERE r.rolname = ANY($1)
                    AND (r.rolsuper OR r.rolbypassrls OR r.rolcreaterole
                         OR EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p', 'v', 'm'))
                         OR EXISTS (SELECT FROM pg_auth_members m WHERE m.member = r.oid)))
  UNION ALL
  SELECT 'a product''s schema is open to another product or to everybody'
   WHERE EXISTS (SELECT FROM pg_namespace n, aclexplode(n.nspacl) acl LEFT JOIN products p ON p.oid = acl.grantee
                  WHERE n.nspname = ANY($2) AND (acl.grantee = 0 OR p.id <> n.nspname))
  UNION ALL
  SELECT 'a product''s table is open to another product or to everybody'
   WHERE EXISTS (SELECT FROM open_to_products WHERE schema = ANY($2) AND product IS DISTINCT FROM schema)
  UNION ALL
  SELECT 'a shared table has no row-level security'
   WHERE EXISTS (SELECT FROM open_to_products o JOIN pg_class c ON c.oid = o.relation
                  WHERE o.schema = ANY($3) AND c.relname <> 'migrations' AND NOT (c.relkind IN ('r', 'p') AND c.relrowsecurity))
  UNION ALL
  SELECT 'a policy shows products more than their own rows'
   WHERE EXISTS (SELECT FROM pg_policy y JOIN pg_class c ON c.oid = y.polrelid JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE n.nspname = ANY($3) AND y.polpermissive
                    AND (0 = ANY(y.polroles) OR EXISTS (SELECT FROM products p WHERE p.oid = ANY(y.polroles)))
                    AND EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attname = 'product_id' AND NOT a.attisdropped)
                    AND coalesce(pg_get_expr(y.polqual, c.oid), 'true') !~ $5)`;

/** How PostgreSQL prints the policy that shows a product its own rows; see src/database/access/row-security.ts. */
function ownRowsPattern(roles: RoleNames): string {
  const who = roles.of('') === '' ? String.raw`\(*CURRENT_USER\)*::text` : String.raw`\(?"substring"\(\(*CURRENT_USER\)*::text, '\^${roles.of('')}\(\.\+\)\$'::text\)`;
  const alias = roles.of('') === '' ? 'current_user' : 'substring';
  return String.raw`^\(\(?product_id\)?(::text)? = \( SELECT ${who} COLLATE "default"\)* AS "${alias}"\)\)$`;
}

/** What voids isolation in the live database, in words that name no object: readiness shows them. Empty where it holds. */
export async function findIsolationHoles(db: Queryable, { shared, products }: House, roles: RoleNames): Promise<string[]> {
  const rows = await db.query<{ hole: string }>(HOLES_SQL, [
    roles.logins(products),
    products.map((product) => product.id),
    shared.map((manifest) => manifest.id),
    products.map((product) => roles.of(product.id)),
    ownRowsPattern(roles),
  ]);
  return rows.map((row) => row.hole);
}
