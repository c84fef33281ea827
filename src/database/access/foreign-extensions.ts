import { quoteIdent } from '../quote-ident.js';
import { asMigrator, type AccessRule, type Finding } from './finding.js';

const EXTENSIONS_SQL = `
  SELECT e.extname AS name, n.nspname AS schema
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
   WHERE n.nspname = ANY($1)
   ORDER BY 1`;

const DBLINK_SQL = `
  SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS signature
    FROM pg_extension e
    JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.classid = 'pg_proc'::regclass AND d.deptype = 'e'
    JOIN pg_proc p ON p.oid = d.objid
    JOIN pg_namespace n ON n.oid = p.pronamespace, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
   WHERE e.extname = 'dblink' AND acl.grantee = 0
   ORDER BY 1`;

/** Extensions have a schema of their own: in a product's or a shared one, their functions would be found before others. */
export const foreignExtensions: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const misplaced = await db.query<{ name: string; schema: string }>(EXTENSIONS_SQL, [schemas]);
  const links = await db.query<{ signature: string }>(DBLINK_SQL);
  return [
    ...misplaced.map(({ name, schema }) => ({
      rule: 'extension-schema',
      severity: 'error' as const,
      detail: `The extension "${name}" lives in the schema "${schema}".`,
      fix: asMigrator(`ALTER EXTENSION ${quoteIdent(name)} SET SCHEMA ${quoteIdent(plan.extensionsSchema)}`),
    })),
    ...openLinks(links.map((row) => row.signature)),
  ];
};

/** With dblink a product's SQL opens connections of its own, past its pool and to wherever the server can reach. */
function openLinks(signatures: readonly string[]): Finding[] {
  if (signatures.length === 0) return [];
  return [
    {
      rule: 'extension-dblink',
      severity: 'error',
      detail: `Everybody may open connections with dblink (${signatures.length} functions).`,
      fix: asMigrator(...signatures.map((signature) => `REVOKE EXECUTE ON FUNCTION ${signature} FROM PUBLIC`)),
    },
  ];
}
