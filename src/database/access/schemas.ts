import { quoteIdent } from '../quote-ident.js';
import { asMigrator, asOwner, type AccessPlan, type AccessRule, type Finding } from './finding.js';

interface SchemaRow {
  name: string;
  owner: string;
  acl: { grantee: string; privilege: string }[];
}

const SCHEMAS_SQL = `
  SELECT n.nspname AS name, pg_get_userbyid(n.nspowner) AS owner,
         coalesce((SELECT json_agg(json_build_object(
                     'grantee', CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END,
                     'privilege', acl.privilege_type))
                     FROM aclexplode(n.nspacl) acl WHERE acl.grantee <> n.nspowner), '[]') AS acl
    FROM pg_namespace n
   WHERE n.nspname = ANY($1)`;

/** Which roles may look into a schema. CREATE belongs to the owner alone. */
export function schemaUsers(plan: AccessPlan): Map<string, string[]> {
  const products = plan.products.map((product) => plan.roles.of(product.id));
  const users = new Map<string, string[]>();
  for (const manifest of plan.shared) users.set(manifest.id, [plan.roles.control, plan.roles.backup, ...products]);
  for (const { id } of plan.products) users.set(id, [plan.roles.of(id), plan.roles.backup]);
  users.set(plan.extensionsSchema, [plan.roles.control, plan.roles.backup, ...products]);
  return users;
}

/** Every schema exists, belongs to the owner, and is open to exactly the roles that work in it. */
export const schemas: AccessRule = async (db, plan) => {
  const users = schemaUsers(plan);
  const rows = await db.query<SchemaRow>(SCHEMAS_SQL, [[...users.keys()]]);
  const existing = new Map(rows.map((row) => [row.name, row]));
  return [...users].flatMap(([name, roles]) => {
    const row = existing.get(name);
    if (row === undefined) return [missing(name, plan), ...grants(name, roles, [], plan)];
    const foreignHome = name === plan.extensionsSchema && row.owner !== plan.roles.owner;
    // In somebody else's schema the owner of our tables needs leave, as the others do, to use the types.
    const inhabitants = foreignHome ? [plan.roles.owner, ...roles] : roles;
    return [...(row.owner === plan.roles.owner || foreignHome ? [] : [wrongOwner(row, plan)]), ...grants(name, inhabitants, row.acl, plan, foreignHome)];
  });
};

function missing(name: string, plan: AccessPlan): Finding {
  return {
    rule: 'schema-missing',
    severity: 'error',
    detail: `The schema "${name}" does not exist.`,
    about: name,
    fix: asMigrator(`CREATE SCHEMA ${quoteIdent(name)} AUTHORIZATION ${quoteIdent(plan.roles.owner)}`),
  };
}

function wrongOwner(row: SchemaRow, plan: AccessPlan): Finding {
  return {
    rule: 'schema-owner',
    severity: 'error',
    // Not mended by itself: a schema that somebody else made may hold data that is not Nagaya's to take over.
    detail: `The schema "${row.name}" exists and belongs to "${row.owner}", not to "${plan.roles.owner}". Rename it, choose another product id, or hand it over yourself.`,
    about: row.name,
    fix: [],
  };
}

function grants(name: string, roles: readonly string[], acl: SchemaRow['acl'], plan: AccessPlan, foreignHome = false): Finding[] {
  const schema = quoteIdent(name);
  // Somebody else's extension schema keeps its owner, so its grants are the migrator's to make.
  const by = foreignHome ? asMigrator : asOwner;
  const absent = roles.filter((role) => !acl.some((entry) => entry.grantee === role && entry.privilege === 'USAGE'));
  const excess = acl.filter((entry) => !(entry.privilege === 'USAGE' && roles.includes(entry.grantee)) && !(foreignHome && entry.grantee === 'public' && entry.privilege === 'USAGE'));
  return [
    ...absent.map((role) => ({
      rule: 'schema-usage-missing',
      severity: 'error' as const,
      detail: `The role "${role}" may not use the schema "${name}".`,
      // A product's own schema concerns that product; a shared one whom it is shut to.
      about: roles.includes(plan.roles.of(name)) ? name : plan.roles.subjectOf(role),
      fix: by(`GRANT USAGE ON SCHEMA ${schema} TO ${quoteIdent(role)}`),
    })),
    ...excess.map((entry) => ({
      rule: 'schema-privilege',
      severity: 'error' as const,
      detail: `${entry.grantee === 'public' ? 'PUBLIC (everybody)' : `The role "${entry.grantee}"`} has ${entry.privilege} on the schema "${name}".`,
      about: name,
      fix: by(`REVOKE ${entry.privilege} ON SCHEMA ${schema} FROM ${entry.grantee === 'public' ? 'PUBLIC' : quoteIdent(entry.grantee)}`),
    })),
  ];
}
