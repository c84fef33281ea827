import { quoteIdent } from '../quote-ident.js';
import { asMigrator, asOwner, type AccessRule } from './finding.js';

interface DefaultRow {
  role: string;
  /** null: in every schema */
  schema: string | null;
  kind: string;
  grantee: string;
  privilege: string;
}

const KINDS = { r: 'TABLES', S: 'SEQUENCES', f: 'FUNCTIONS', T: 'TYPES', n: 'SCHEMAS' } as const;

// EXECUTE and USAGE that PUBLIC has of functions and types by PostgreSQL's own default: functions.ts sees to the former.
const DEFAULTS_SQL = `
  SELECT pg_get_userbyid(d.defaclrole) AS role, n.nspname AS schema, d.defaclobjtype AS kind,
         CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END AS grantee, acl.privilege_type AS privilege
    FROM pg_default_acl d
    LEFT JOIN pg_namespace n ON n.oid = d.defaclnamespace, aclexplode(d.defaclacl) acl
   WHERE acl.grantee <> d.defaclrole
     AND (n.nspname = ANY($1) OR (n.nspname IS NULL AND d.defaclrole = to_regrole($2)))
     AND NOT (acl.grantee = 0 AND d.defaclnamespace = 0 AND d.defaclobjtype IN ('f', 'T'))
   ORDER BY 1, 2, 3, 4, 5`;

/** What is made later starts shut: a default privilege would open tables and partitions that nobody has looked at yet. */
export const defaultPrivileges: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const rows = await db.query<DefaultRow>(DEFAULTS_SQL, [schemas, plan.roles.owner]);
  return rows.map(({ role, schema, kind, grantee, privilege }) => {
    const kinds = KINDS[kind as keyof typeof KINDS];
    const [who, to] = grantee === 'public' ? ['PUBLIC (everybody)', 'PUBLIC'] : [`the role "${grantee}"`, quoteIdent(grantee)];
    const where = schema === null ? '' : ` IN SCHEMA ${quoteIdent(schema)}`;
    const alter = `ALTER DEFAULT PRIVILEGES FOR ROLE ${quoteIdent(role)}${where} REVOKE ${privilege} ON ${kinds} FROM ${to}`;
    return {
      rule: 'default-privilege',
      severity: 'error' as const,
      detail: `${kinds.toLowerCase()} that "${role}" makes ${schema === null ? 'anywhere' : `in "${schema}"`} will be open to ${who} for ${privilege}.`,
      fix: role === plan.roles.owner ? asOwner(alter) : asMigrator(alter),
    };
  });
};
