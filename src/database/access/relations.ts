import type { TablePrivilege } from '../manifest.js';
import { quoteIdent } from '../quote-ident.js';
import { asMigrator, asOwner, type AccessPlan, type AccessRule, type Finding } from './finding.js';

interface RelationRow {
  schema: string;
  name: string;
  owner: string;
  isSequence: boolean;
  isPartition: boolean;
  acl: { grantee: string; privilege: string; column: string | null }[];
}

// Sequences have no column privileges; tables may have both kinds, and either is a way in.
const RELATIONS_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, pg_get_userbyid(c.relowner) AS owner,
         c.relkind = 'S' AS "isSequence", c.relispartition AS "isPartition",
         coalesce((SELECT json_agg(json_build_object('grantee', grantee, 'privilege', privilege, 'column', col))
           FROM (SELECT CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END AS grantee,
                        acl.privilege_type AS privilege, NULL AS col
                   FROM aclexplode(c.relacl) acl WHERE acl.grantee <> c.relowner
                 UNION ALL
                 SELECT CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END,
                        acl.privilege_type, a.attname
                   FROM pg_attribute a, aclexplode(a.attacl) acl
                  WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL AND acl.grantee <> c.relowner) entries), '[]') AS acl
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
   ORDER BY 1, 2`;

const ALL: readonly TablePrivilege[] = ['SELECT', 'INSERT', 'UPDATE', 'DELETE'];
/** The history that TypeORM keeps in each schema: to be read, so that a product knows whether it is behind. */
export const MIGRATIONS_TABLE = 'migrations';

/** Tables, views and sequences belong to the owner and are granted exactly as the manifests say. */
export const relations: AccessRule = async (db, plan) => {
  const rows = await db.query<RelationRow>(RELATIONS_SQL, [[...plan.shared, ...plan.products].map((manifest) => manifest.id)]);
  return rows.flatMap((row) => {
    const expected = expectedGrants(row, plan);
    return [...wrongOwner(row, expected, plan), ...grantFindings(row, expected, plan)];
  });
};

/** role → privileges on that relation, those on single columns written as GRANT takes them: `UPDATE ("status")` */
function expectedGrants(row: RelationRow, plan: AccessPlan): Map<string, readonly string[]> {
  // pg_dump reads partitions one by one; whoever else is to reach one goes through its parent.
  if (row.isPartition) return new Map([[plan.roles.backup, ['SELECT']]]);
  const isHistory = row.name === MIGRATIONS_TABLE;
  const product = plan.products.find((candidate) => candidate.id === row.schema);
  if (product !== undefined) {
    if (row.isSequence) return new Map([[plan.roles.of(product.id), ['USAGE', 'SELECT']], [plan.roles.backup, ['SELECT']]]);
    return new Map([[plan.roles.of(product.id), isHistory ? ['SELECT'] : ALL], [plan.roles.backup, ['SELECT']]]);
  }
  if (row.isSequence) return new Map([[plan.roles.backup, ['SELECT']]]);
  const table = plan.shared.find((manifest) => manifest.id === row.schema)?.tables.find((candidate) => candidate.name === row.name);
  const grants = new Map<string, readonly string[]>([[plan.roles.backup, ['SELECT']]]);
  if (isHistory) grants.set(plan.roles.control, ['SELECT']);
  // A table that no manifest names is shut to everybody: forgetting to declare one must not open it.
  if (table === undefined) return grants;
  grants.set(plan.roles.control, table.controlMay ?? ALL);
  const products = [...(table.productMay ?? []), ...(table.productUpdates ?? []).map((column) => `UPDATE (${quoteIdent(column)})`)];
  if (products.length > 0) for (const { id } of plan.products) grants.set(plan.roles.of(id), products);
  return grants;
}

function wrongOwner(row: RelationRow, expected: Map<string, readonly string[]>, plan: AccessPlan): Finding[] {
  if (row.owner === plan.roles.owner || row.isSequence) return [];
  // What the one who owned it could do by owning it, it may need to be granted.
  const granted = expected.get(row.owner);
  return [
    {
      rule: 'relation-owner',
      severity: 'error',
      detail: `"${row.schema}"."${row.name}" belongs to "${row.owner}", not to "${plan.roles.owner}".`,
      about: row.schema,
      fix: asMigrator(
        `ALTER TABLE ${qualified(row)} OWNER TO ${quoteIdent(plan.roles.owner)}`,
        ...(granted ? [`GRANT ${granted.join(', ')} ON TABLE ${qualified(row)} TO ${quoteIdent(row.owner)}`] : []),
      ),
    },
  ];
}

function grantFindings(row: RelationRow, expected: Map<string, readonly string[]>, plan: AccessPlan): Finding[] {
  const object = `${row.isSequence ? 'SEQUENCE' : 'TABLE'} ${qualified(row)}`;
  const existing = row.acl.map(({ grantee, privilege, column }) => ({ role: grantee, what: column === null ? privilege : `${privilege} (${quoteIdent(column)})` }));
  const findings: Finding[] = [];
  for (const { role, what } of existing) {
    if (expected.get(role)?.includes(what)) continue;
    const grantee = role === 'public' ? 'PUBLIC' : quoteIdent(role);
    // Taking a privilege on a table away takes it away on its columns too.
    const columns = (expected.get(role) ?? []).filter((right) => right.startsWith(`${what} (`));
    findings.push({
      rule: 'grant-excess',
      severity: 'error',
      detail: `${grantee} has ${what} on "${row.schema}"."${row.name}".`,
      about: row.schema,
      fix: asOwner(`REVOKE ${what} ON ${object} FROM ${grantee}`, ...(columns.length > 0 ? [`GRANT ${columns.join(', ')} ON ${object} TO ${grantee}`] : [])),
    });
  }
  for (const [role, privileges] of expected) {
    const absent = privileges.filter((what) => !existing.some((grant) => grant.role === role && grant.what === what));
    if (absent.length === 0 || role === row.owner) continue;
    findings.push({
      rule: 'grant-missing',
      severity: 'error',
      detail: `The role "${role}" lacks ${absent.join(', ')} on "${row.schema}"."${row.name}".`,
      about: expected.has(plan.roles.of(row.schema)) ? row.schema : plan.roles.subjectOf(role),
      fix: asOwner(`GRANT ${absent.join(', ')} ON ${object} TO ${quoteIdent(role)}`),
    });
  }
  return findings;
}

function qualified(row: Pick<RelationRow, 'schema' | 'name'>): string {
  return `${quoteIdent(row.schema)}.${quoteIdent(row.name)}`;
}
