import { quoteIdent } from '../quote-ident.js';
import { asMigrator, type AccessRule } from './finding.js';

interface DefinerRow {
  signature: string;
  owner: string;
  grantee: string;
}

const DEFINERS_SQL = `
  SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS signature,
         pg_get_userbyid(p.proowner) AS owner, CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END AS grantee
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
   WHERE p.prosecdef AND NOT n.nspname = ANY($1) AND n.nspname NOT IN ('pg_catalog', 'information_schema')
     AND acl.grantee <> p.proowner AND (acl.grantee = 0 OR pg_get_userbyid(acl.grantee) = ANY($2))
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
   ORDER BY 1`;

/** A function outside of our schemas that runs with somebody else's rights, and that a product may call: a way past its own. */
export const foreignFunctions: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const rows = await db.query<DefinerRow>(DEFINERS_SQL, [schemas, plan.roles.logins(plan.products)]);
  return rows.map(({ signature, owner, grantee }) => ({
    rule: 'definer-elsewhere',
    severity: 'error' as const,
    detail: `${grantee === 'public' ? 'Everybody' : `The role "${grantee}"`} may call ${signature}, which runs with the rights of "${owner}".`,
    fix: asMigrator(`REVOKE EXECUTE ON FUNCTION ${signature} FROM ${grantee === 'public' ? 'PUBLIC' : quoteIdent(grantee)}`),
  }));
};
