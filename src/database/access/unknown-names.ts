import { archivedSchema } from '../archived-schemas.js';
import { quoteIdent } from '../quote-ident.js';
import { asMigrator, asOwner, type AccessPlan, type AccessRule, type Finding } from './finding.js';

const SCHEMAS_SQL = `
  SELECT n.nspname AS name,
         coalesce((SELECT json_agg(DISTINCT CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END)
                     FROM aclexplode(n.nspacl) acl WHERE acl.grantee <> n.nspowner), '[]') AS "openTo"
    FROM pg_namespace n
   WHERE pg_get_userbyid(n.nspowner) = $1 AND NOT n.nspname = ANY($2)
   ORDER BY 1`;

/**
 * A schema of the owner's that no manifest names: left by a product that was taken off the list, or restored under another name. It
 * holds rows that nobody looks after; while somebody may look into it, it is a hole.
 */
export const unknownSchemas: AccessRule = async (db, plan) => {
  const known = [...plan.shared.map((manifest) => manifest.id), ...plan.products.map((product) => product.id), plan.extensionsSchema];
  const rows = await db.query<{ name: string; openTo: string[] }>(SCHEMAS_SQL, [plan.roles.owner, known]);
  return rows.filter((row) => !isArchived(row, plan)).map(({ name, openTo }) => ({
    rule: 'schema-unknown',
    severity: openTo.length > 0 ? ('error' as const) : ('warning' as const),
    detail:
      openTo.length > 0
        ? `The schema "${name}" looks like a product's and is not one, and ${openTo.map(grantee).join(', ')} may use it.`
        : `The schema "${name}" looks like a product's and is not one. Nobody may use it; put it on the list of products, or drop it when its rows are no longer needed.`,
    fix: openTo.length > 0 ? asOwner(`REVOKE ALL ON SCHEMA ${quoteIdent(name)} FROM ${openTo.map(grantee).join(', ')}`) : [],
  }));
};

/** Put away for a product that is archived, and open to nobody but its own product, which has no door to come in by, and to backups. */
function isArchived({ name, openTo }: { name: string; openTo: readonly string[] }, { roles }: AccessPlan): boolean {
  return name.startsWith(archivedSchema('')) && openTo.every((role) => archivedSchema(roles.subjectOf(role)) === name || role === roles.backup);
}

// Superusers need no privilege, and the owner of the database has them all.
const GRANTEES_SQL = `
  SELECT r.rolname AS name, acl.privilege_type AS privilege, shobj_description(r.oid, 'pg_authid') LIKE 'Nagaya deployment %' AS "looksLikeOurs"
    FROM pg_database d, aclexplode(d.datacl) acl JOIN pg_roles r ON r.oid = acl.grantee
   WHERE d.datname = current_database() AND acl.grantee <> d.datdba AND NOT r.rolsuper AND NOT r.rolname = ANY($1) AND r.rolname <> current_user
     AND NOT EXISTS (SELECT FROM pg_namespace n WHERE r.rolname = $3 || substr(n.nspname, length($2) + 1) AND starts_with(n.nspname, $2))
   ORDER BY 1, 2`;

/** Roles that have a right on this database and are none of ours: the login of a product that is gone, or a stranger's. */
export const unknownRoles: AccessRule = async (db, plan) => {
  const rows = await db.query<{ name: string; privilege: string; looksLikeOurs: boolean | null }>(GRANTEES_SQL, [plan.roles.all(plan.products), archivedSchema(''), plan.roles.of('')]);
  return rows.map(({ name, privilege, looksLikeOurs }) => ({
    rule: 'role-unknown',
    severity: 'error' as const,
    detail: `The role "${name}" ${looksLikeOurs ? 'looks like a product\'s and is not one' : 'is not one of Nagaya\'s'}, and has ${privilege} on the database.`,
    fix: asMigrator(`REVOKE ${privilege} ON DATABASE ${quoteIdent(plan.database)} FROM ${quoteIdent(name)}`),
  }));
};

// The migrator, whoever looks just now, may make roles and has ADMIN on those that it made; superusers may anyway.
const MEMBERS_SQL = `
  SELECT g.rolname AS role, m.rolname AS member
    FROM pg_auth_members a
    JOIN pg_roles g ON g.oid = a.roleid
    JOIN pg_roles m ON m.oid = a.member
   WHERE g.rolname = ANY($1) AND NOT m.rolname = ANY($1) AND NOT m.rolsuper AND m.rolname <> current_user
     -- Who may only hand it on may hand it to himself.
     AND (a.inherit_option OR a.set_option OR a.admin_option)
     AND NOT (m.rolcreaterole AND EXISTS (SELECT FROM pg_auth_members b WHERE b.roleid = a.roleid AND b.member = a.member AND b.admin_option))
   ORDER BY 1, 2`;

/** Somebody who may act as one of our roles has its rights, without its pool, its check and its limits. */
export const foreignMembers: AccessRule = async (db, plan) => {
  const ours = plan.roles.all(plan.products);
  const rows = await db.query<{ role: string; member: string }>(MEMBERS_SQL, [ours]);
  return rows.map(
    ({ role, member }): Finding => ({
      rule: 'role-member-unknown',
      severity: 'error',
      detail: `The role "${member}", which is not one of Nagaya's, may act as "${role}".`,
      fix: asMigrator(`REVOKE ${quoteIdent(role)} FROM ${quoteIdent(member)}`),
    }),
  );
};

function grantee(name: string): string {
  return name === 'public' ? 'PUBLIC' : quoteIdent(name);
}
