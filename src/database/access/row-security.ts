import type { SharedTable } from '../manifest.js';
import { quoteIdent } from '../quote-ident.js';
import { asOwner, type AccessPlan, type AccessRule, type Finding } from './finding.js';
import { MIGRATIONS_TABLE } from './relations.js';

interface TableRow {
  schema: string;
  name: string;
  isPartition: boolean;
  enabled: boolean;
  forced: boolean;
  policies: PolicyRow[];
}

interface PolicyRow {
  name: string;
  permissive: boolean;
  /** a = INSERT, r = SELECT, w = UPDATE, d = DELETE, * = all */
  command: string;
  roles: string[];
  using: string | null;
  check: string | null;
}

interface PolicySpec {
  name: string;
  command: 'ALL' | 'SELECT';
  role: string;
  using: string;
  check: string | null;
}

// polroles {0} is PUBLIC. relkind r and p: ordinary and partitioned tables, partitions among them.
const TABLES_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, c.relispartition AS "isPartition",
         c.relrowsecurity AS enabled, c.relforcerowsecurity AS forced,
         coalesce((SELECT json_agg(json_build_object(
             'name', p.polname, 'permissive', p.polpermissive, 'command', p.polcmd,
             'roles', (SELECT json_agg(CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END) FROM unnest(p.polroles) r),
             'using', pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid)))
           FROM pg_policy p WHERE p.polrelid = c.oid), '[]') AS policies
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY($1) AND c.relkind IN ('r', 'p') AND c.relname <> $2
   ORDER BY 1, 2`;

/**
 * The role is the product. The scalar sub-select runs once a statement instead of once a row, and the explicit
 * collation keeps the comparison indexable: `current_user` alone has type name, whose collation loses the index.
 */
function ownRows({ roles }: AccessPlan): string {
  return `product_id = (SELECT ${roles.currentProductSql} COLLATE "default")`;
}

/** Row-level security on every table of the shared schemas, forced, so that not even a stray grant opens one. */
export const rowSecurity: AccessRule = async (db, plan) => {
  const rows = await db.query<TableRow>(TABLES_SQL, [plan.shared.map((manifest) => manifest.id), MIGRATIONS_TABLE]);
  return rows.flatMap((row) => [...switches(row), ...policies(row, expectedPolicies(row, plan))]);
};

function expectedPolicies(row: TableRow, plan: AccessPlan): PolicySpec[] {
  const specs: PolicySpec[] = [{ name: 'backup_rows', command: 'SELECT', role: plan.roles.backup, using: 'true', check: null }];
  // Who else reaches a partition directly sees nothing; through the parent, the parent's policies hold.
  if (row.isPartition) return specs;
  const table = plan.shared.find((manifest) => manifest.id === row.schema)?.tables.find((candidate) => candidate.name === row.name);
  if (table === undefined) return specs;
  specs.push({ name: 'control_rows', command: 'ALL', role: plan.roles.control, using: 'true', check: 'true' });
  const product = productPolicy(table, plan);
  if (product !== undefined) specs.push(product);
  return specs;
}

function productPolicy(table: SharedTable, plan: AccessPlan): PolicySpec | undefined {
  if (table.rows === 'none') return undefined;
  if (table.rows === 'own') return { name: 'product_rows', command: 'ALL', role: 'public', using: ownRows(plan), check: ownRows(plan) };
  return { name: 'product_rows', command: 'SELECT', role: 'public', using: table.rows.visible, check: null };
}

function switches(row: TableRow): Finding[] {
  if (row.enabled && row.forced) return [];
  return [
    {
      rule: row.enabled ? 'row-security-not-forced' : 'row-security-off',
      severity: 'error',
      detail: `Row-level security on "${row.schema}"."${row.name}" is ${row.enabled ? 'not forced' : 'off'}.`,
      about: row.schema,
      fix: asOwner(`ALTER TABLE ${qualified(row)} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`),
    },
  ];
}

function policies(row: TableRow, specs: readonly PolicySpec[]): Finding[] {
  const findings: Finding[] = [];
  for (const spec of specs) {
    const existing = row.policies.find((policy) => policy.name === spec.name);
    if (existing !== undefined && matches(existing, spec)) continue;
    const drop = existing === undefined ? [] : [`DROP POLICY ${quoteIdent(spec.name)} ON ${qualified(row)}`];
    findings.push({
      rule: existing === undefined ? 'policy-missing' : 'policy-changed',
      severity: 'error',
      detail: `The policy "${spec.name}" on "${row.schema}"."${row.name}" ${existing === undefined ? 'is missing' : 'is not as it should be'}.`,
      about: row.schema,
      fix: asOwner(...drop, createPolicy(row, spec)),
    });
  }
  for (const policy of row.policies) {
    if (specs.some((spec) => spec.name === policy.name)) continue;
    findings.push({
      rule: 'policy-unknown',
      severity: 'error',
      detail: `The policy "${policy.name}" on "${row.schema}"."${row.name}" is not one of Nagaya's.`,
      about: row.schema,
      fix: asOwner(`DROP POLICY ${quoteIdent(policy.name)} ON ${qualified(row)}`),
    });
  }
  return findings;
}

function createPolicy(row: TableRow, spec: PolicySpec): string {
  const role = spec.role === 'public' ? 'PUBLIC' : quoteIdent(spec.role);
  const check = spec.check === null ? '' : ` WITH CHECK (${spec.check})`;
  return `CREATE POLICY ${quoteIdent(spec.name)} ON ${qualified(row)} FOR ${spec.command} TO ${role} USING (${spec.using})${check}`;
}

function matches(policy: PolicyRow, spec: PolicySpec): boolean {
  return (
    policy.permissive &&
    policy.command === (spec.command === 'ALL' ? '*' : 'r') &&
    policy.roles.length === 1 && policy.roles[0] === spec.role &&
    canonical(policy.using) === canonical(spec.using) &&
    canonical(policy.check) === canonical(spec.check)
  );
}

/**
 * PostgreSQL prints a policy back with casts, parentheses and an alias of its own. Taking those away on both sides
 * leaves the tokens that carry the meaning, in their order.
 */
function canonical(expression: string | null): string | null {
  return (
    expression
      ?.toLowerCase()
      .replaceAll(/\bas "?(current_user|substring)"?/g, '')
      .replaceAll('"substring"', 'substring')
      .replaceAll(/::(text|character varying|varchar)(\(\d+\))?/g, '')
      .replaceAll(/[\s()]/g, '') ?? null
  );
}

function qualified(row: Pick<TableRow, 'schema' | 'name'>): string {
  return `${quoteIdent(row.schema)}.${quoteIdent(row.name)}`;
}
