import { quoteIdent } from '../quote-ident.js';
import { asMigrator, type AccessRule } from './finding.js';

interface OwnedRow {
  role: string;
  object: string;
  isDatabase: boolean;
}

// Tables and their like are relations.ts's, and sequences that belong to a column go with their table; schemas are schemas.ts's: what
// remains are functions, types, sequences of their own, default privileges, large objects, databases.
const OWNED_SQL = `
  SELECT pg_get_userbyid(s.refobjid) AS role, pg_describe_object(s.classid, s.objid, s.objsubid) AS object,
         s.classid = 'pg_database'::regclass AS "isDatabase"
    FROM pg_shdepend s
   WHERE s.refclassid = 'pg_authid'::regclass AND s.deptype = 'o'
     AND s.dbid IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
     AND pg_get_userbyid(s.refobjid) = ANY($1)
     AND s.classid <> 'pg_namespace'::regclass
     AND NOT (s.classid = 'pg_class'::regclass
              AND EXISTS (SELECT FROM pg_class c WHERE c.oid = s.objid AND c.relnamespace::regnamespace::text = ANY($2)
                             AND (c.relkind <> 'S' OR EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))))
     -- A table brings its row type.
     AND NOT (s.classid = 'pg_type'::regclass AND EXISTS (SELECT FROM pg_type t WHERE t.oid = s.objid AND t.typrelid <> 0))
   ORDER BY 1, 2`;

/** A login role owns nothing: an owner may do anything with what it owns, whatever the grants say. */
export const ownership: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const rows = await db.query<OwnedRow>(OWNED_SQL, [plan.roles.logins(plan.products), schemas]);
  return rows.map(({ role, object, isDatabase }) => ({
    rule: 'role-owns',
    severity: 'error' as const,
    detail: `The role "${role}" owns the ${object}.`,
    fix: isDatabase
      ? asMigrator(`ALTER DATABASE ${quoteIdent(plan.database)} OWNER TO CURRENT_USER`, `GRANT CONNECT ON DATABASE ${quoteIdent(plan.database)} TO ${quoteIdent(role)}`)
      : asMigrator(`REASSIGN OWNED BY ${quoteIdent(role)} TO ${quoteIdent(plan.roles.owner)}`),
  }));
};
