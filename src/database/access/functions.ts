import { quoteIdent } from '../quote-ident.js';
import { asOwner, type AccessRule, type Finding } from './finding.js';

interface FunctionRow {
  schema: string;
  /** name(argument types), as GRANT takes it without the schema */
  signature: string;
  name: string;
  arguments: string;
  definer: boolean;
  settings: string[] | null;
  acl: { grantee: string; privilege: string }[];
}

const FUNCTIONS_SQL = `
  SELECT n.nspname AS schema, p.proname AS name, pg_get_function_identity_arguments(p.oid) AS arguments,
         format('%s(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS signature,
         p.prosecdef AS definer, p.proconfig AS settings,
         coalesce((SELECT json_agg(json_build_object(
                     'grantee', CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END,
                     'privilege', acl.privilege_type))
                     FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
                    WHERE acl.grantee <> p.proowner), '[]') AS acl
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
   WHERE n.nspname = ANY($1) AND p.prokind IN ('f', 'p')
     AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')
   ORDER BY 1, 2`;

const DEFAULTS_SQL = `
  SELECT acl.grantee = 0 AS "isPublic"
    FROM pg_default_acl d, aclexplode(d.defaclacl) acl
   WHERE d.defaclrole = to_regrole($1) AND d.defaclnamespace = 0 AND d.defaclobjtype = 'f'`;

/** Functions run for whom a manifest says; one with its owner's rights has a search path that callers can't bend. */
export const functions: AccessRule = async (db, plan) => {
  const rows = await db.query<FunctionRow>(FUNCTIONS_SQL, [[...plan.shared, ...plan.products].map((manifest) => manifest.id)]);
  return rows.flatMap((row) => {
    const manifest = plan.shared.find((candidate) => candidate.id === row.schema);
    const isControls = manifest?.controlFunctions.some((declared) => declared.signature === row.signature) ?? false;
    const callers = isControls ? [plan.roles.control] : plan.products.filter((product) => product.id === row.schema).map((product) => plan.roles.of(product.id));
    return [...privileges(row, callers), ...searchPath(row)];
  });
};

function privileges(row: FunctionRow, callers: readonly string[]): Finding[] {
  const object = `FUNCTION ${target(row)}`;
  const absent = callers.filter((role) => !row.acl.some((entry) => entry.grantee === role));
  const excess = row.acl.filter((entry) => !callers.includes(entry.grantee));
  return [
    ...absent.map((role) => ({
      rule: 'function-execute-missing',
      severity: 'error' as const,
      detail: `The role "${role}" may not execute ${row.schema}.${row.signature}.`,
      about: row.schema,
      fix: asOwner(`GRANT EXECUTE ON ${object} TO ${quoteIdent(role)}`),
    })),
    ...excess.map((entry) => ({
      rule: 'function-execute-excess',
      severity: 'error' as const,
      detail: `${entry.grantee === 'public' ? 'PUBLIC (everybody)' : `The role "${entry.grantee}"`} may execute ${row.schema}.${row.signature}.`,
      about: row.schema,
      fix: asOwner(`REVOKE EXECUTE ON ${object} FROM ${entry.grantee === 'public' ? 'PUBLIC' : quoteIdent(entry.grantee)}`),
    })),
  ];
}

function searchPath(row: FunctionRow): Finding[] {
  const pinned = row.settings?.some((setting) => /^search_path=.*\bpg_temp$/.test(setting)) ?? false;
  if (!row.definer || pinned) return [];
  return [
    {
      rule: 'definer-search-path',
      severity: 'error',
      detail: `${row.schema}.${row.signature} runs with its owner's rights and its search_path is not pinned.`,
      about: row.schema,
      fix: asOwner(`ALTER FUNCTION ${target(row)} SET search_path = pg_catalog, ${quoteIdent(row.schema)}, pg_temp`),
    },
  ];
}

function target(row: FunctionRow): string {
  return `${quoteIdent(row.schema)}.${quoteIdent(row.name)}(${row.arguments})`;
}

/** New functions of the owner start closed: PostgreSQL's default gives EXECUTE to everybody. */
export const functionDefaults: AccessRule = async (db, plan) => {
  const rows = await db.query<{ isPublic: boolean }>(DEFAULTS_SQL, [plan.roles.owner]);
  if (rows.length > 0 && !rows.some((row) => row.isPublic)) return [];
  return [
    {
      rule: 'function-defaults',
      severity: 'error',
      detail: 'New functions are open to everybody.',
      fix: asOwner('ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC'),
    },
  ];
};
