import { quoteIdent } from '../quote-ident.js';
import { asMigrator, asOwner, type AccessRule } from './finding.js';

interface GrantOptionRow {
  kind: 'TABLE' | 'SEQUENCE' | 'SCHEMA' | 'FUNCTION' | 'DATABASE';
  /** Quoted as GRANT takes it. */
  object: string;
  grantee: string;
  privilege: string;
}

const GRANT_OPTIONS_SQL = `
  WITH grants AS (
    SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind, format('%I.%I', n.nspname, c.relname) AS object, c.relowner AS owner,
           acl.grantee, acl.is_grantable, acl.privilege_type AS privilege
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) acl
     WHERE n.nspname = ANY($1)
    UNION ALL
    SELECT 'TABLE', format('%I.%I', n.nspname, c.relname), c.relowner, acl.grantee, acl.is_grantable, format('%s (%I)', acl.privilege_type, a.attname)
      FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(a.attacl) acl
     WHERE n.nspname = ANY($1) AND a.attacl IS NOT NULL
    UNION ALL
    SELECT 'SCHEMA', format('%I', n.nspname), n.nspowner, acl.grantee, acl.is_grantable, acl.privilege_type
      FROM pg_namespace n, aclexplode(n.nspacl) acl
     WHERE n.nspname = ANY($1)
    UNION ALL
    SELECT 'FUNCTION', format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.proowner, acl.grantee, acl.is_grantable, acl.privilege_type
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(p.proacl) acl
     WHERE n.nspname = ANY($1)
    UNION ALL
    SELECT 'DATABASE', format('%I', d.datname), d.datdba, acl.grantee, acl.is_grantable, acl.privilege_type
      FROM pg_database d, aclexplode(d.datacl) acl
     WHERE d.datname = current_database()
  )
  SELECT kind, object, pg_get_userbyid(grantee) AS grantee, privilege
    FROM grants WHERE is_grantable AND grantee <> owner AND grantee <> 0
   ORDER BY 1, 2, 3, 4`;

/** What a role may do it may not pass on: nobody but the owner decides who sees what. */
export const grantOptions: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const rows = await db.query<GrantOptionRow>(GRANT_OPTIONS_SQL, [[...schemas, plan.extensionsSchema]]);
  return rows.map(({ kind, object, grantee, privilege }) => ({
    rule: 'grant-option',
    severity: 'error' as const,
    detail: `The role "${grantee}" may pass on its ${privilege} on the ${kind.toLowerCase()} ${object}.`,
    // CASCADE: what it has passed on already goes too.
    fix: (kind === 'DATABASE' ? asMigrator : asOwner)(`REVOKE GRANT OPTION FOR ${privilege} ON ${kind} ${object} FROM ${quoteIdent(grantee)} CASCADE`),
  }));
};
