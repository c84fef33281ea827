import { quoteIdent } from '../quote-ident.js';
import { asMigrator, type AccessRule } from './finding.js';

interface PrivilegeRow {
  rule: string;
  /** Quoted as REVOKE takes it, e.g. `FUNCTION pg_catalog.pg_read_file(text)`. */
  object: string;
  grantee: string;
  privilege: string;
  /** What the object is to the others, for the sentence. */
  means: string;
}

// $1 our login roles, $2 our schemas. What everybody has of PostgreSQL's own from the beginning is in pg_init_privs; so is what an
// extension gives when it is created, whose members are left out altogether.
const OUTSIDE_SQL = `
  WITH granted AS (
    SELECT 'relation-elsewhere' AS rule, format('TABLE %I.%I', n.nspname, c.relname) AS object, c.relowner AS owner, acl.grantee, acl.privilege_type AS privilege,
           'a place where products can meet' AS means
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) acl
     WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT n.nspname = ANY($2) AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
       AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
       -- Archived products and restored copies: a schema open to somebody is a finding of its own.
       AND NOT EXISTS (SELECT FROM pg_roles o WHERE o.oid = n.nspowner AND o.rolname = $3)
    UNION ALL
    SELECT 'catalogue-privilege', format('TABLE %I.%I', n.nspname, c.relname), c.relowner, acl.grantee, acl.privilege_type, 'a part of the server''s own catalogue'
      FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace, aclexplode(c.relacl) acl
     WHERE n.nspname IN ('pg_catalog', 'information_schema')
       -- Everybody reads the views of information_schema, which show each what is his; pg_init_privs does not have that.
       AND NOT (n.nspname = 'information_schema' AND acl.grantee = 0 AND acl.privilege_type = 'SELECT')
       AND (acl.grantee <> 0 OR NOT EXISTS (SELECT FROM pg_init_privs i, aclexplode(i.initprivs) first
             WHERE i.classoid = 'pg_class'::regclass AND i.objoid = c.oid AND i.objsubid = 0 AND first.grantee = 0 AND first.privilege_type = acl.privilege_type))
    UNION ALL
    SELECT 'catalogue-privilege', format('FUNCTION %I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)), p.proowner, acl.grantee, acl.privilege_type,
           'a function of the server''s own'
      FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(p.proacl) acl
     WHERE n.nspname = 'pg_catalog'
       -- Large objects have a rule of their own.
       AND p.proname !~ '^(lo_|lo(read|write)$)'
       AND (acl.grantee <> 0 OR EXISTS (SELECT FROM pg_init_privs i WHERE i.classoid = 'pg_proc'::regclass AND i.objoid = p.oid AND i.privtype = 'i'
             AND NOT EXISTS (SELECT FROM aclexplode(i.initprivs) first WHERE first.grantee = 0)))
    UNION ALL
    SELECT 'parameter-privilege', 'PARAMETER ' || quote_ident(a.parname), 10, acl.grantee, acl.privilege_type, 'a setting that is for superusers'
      FROM pg_parameter_acl a, aclexplode(a.paracl) acl
    UNION ALL
    SELECT 'foreign-server', 'FOREIGN SERVER ' || quote_ident(s.srvname), s.srvowner, acl.grantee, acl.privilege_type, 'a way to other servers'
      FROM pg_foreign_server s, aclexplode(s.srvacl) acl
    UNION ALL
    SELECT 'foreign-server', 'FOREIGN DATA WRAPPER ' || quote_ident(w.fdwname), w.fdwowner, acl.grantee, acl.privilege_type, 'a way to other servers'
      FROM pg_foreign_data_wrapper w, aclexplode(w.fdwacl) acl
    UNION ALL
    SELECT 'large-object', 'LARGE OBJECT ' || l.oid, l.lomowner, acl.grantee, acl.privilege_type, 'outside of every schema'
      FROM pg_largeobject_metadata l, aclexplode(l.lomacl) acl
  )
  SELECT rule, object, CASE grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(grantee) END AS grantee, privilege, means
    FROM granted
   WHERE grantee <> owner AND (grantee = 0 OR pg_get_userbyid(grantee) = ANY($1))
   ORDER BY 1, 2, 3, 4`;

/** What our roles were given outside of our schemas, by name or with everybody: of other tables, of the server itself, of ways out of it. */
export const outsidePrivileges: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const rows = await db.query<PrivilegeRow>(OUTSIDE_SQL, [plan.roles.logins(plan.products), schemas, plan.roles.owner]);
  return rows.map(({ rule, object, grantee, privilege, means }) => {
    const [who, from] = grantee === 'public' ? ['PUBLIC (everybody)', 'PUBLIC'] : [`The role "${grantee}"`, quoteIdent(grantee)];
    return {
      rule,
      severity: 'error' as const,
      detail: `${who} has ${privilege} on the ${object.replace(/^[A-Z ]+(?= )/, (kind) => kind.toLowerCase())}, ${means}.`,
      fix: asMigrator(`REVOKE ${privilege} ON ${object} FROM ${from}`),
    };
  });
};
