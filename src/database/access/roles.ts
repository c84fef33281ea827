import { AppError } from '../../errors/app-error.js';
import { quoteIdent, quoteLiteral } from '../quote-ident.js';
import { ownRoleComments, roleComment, scramVerifier } from '../role-secret.js';
import { asMigrator, type AccessPlan, type AccessRule, type Finding } from './finding.js';

interface RoleRow {
  name: string;
  login: boolean;
  superuser: boolean;
  inherits: boolean;
  createsRoles: boolean;
  createsDatabases: boolean;
  replicates: boolean;
  bypassesRls: boolean;
  connectionLimit: number;
  expires: boolean;
  comment: string | null;
}

const ROLES_SQL = `
  SELECT rolname AS name, rolcanlogin AS login, rolsuper AS superuser, rolinherit AS inherits,
         rolcreaterole AS "createsRoles", rolcreatedb AS "createsDatabases", rolreplication AS replicates,
         rolbypassrls AS "bypassesRls", rolconnlimit AS "connectionLimit",
         coalesce(isfinite(rolvaliduntil), false) AS expires,
         shobj_description(oid, 'pg_authid') AS comment
    FROM pg_roles
   WHERE rolname = ANY($1)`;

/** Login roles with their attributes, and the owner that nobody logs in as. */
export const roles: AccessRule = async (db, plan) => {
  const expected = expectedRoles(plan);
  const rows = await db.query<RoleRow>(ROLES_SQL, [expected.map((role) => role.name)]);
  const existing = new Map(rows.map((row) => [row.name, row]));
  refuseForeignRoles(rows, plan);
  return expected.flatMap(({ name, login }) => {
    const row = existing.get(name);
    return row === undefined ? [missingRole(name, login, plan)] : departures(row, login, plan);
  });
};

function expectedRoles(plan: AccessPlan): { name: string; login: boolean }[] {
  return [
    { name: plan.roles.owner, login: false },
    { name: plan.roles.control, login: true },
    { name: plan.roles.backup, login: true },
    ...plan.products.map((product) => ({ name: plan.roles.of(product.id), login: true })),
  ];
}

/** A role is the cluster's, so one that somebody else made is never taken over: its owner would be locked out. */
function refuseForeignRoles(rows: readonly RoleRow[], plan: AccessPlan): void {
  const ours = ownRoleComments(plan);
  const foreign = rows.filter((row) => !ours.includes(row.comment ?? '')).map((row) => `"${row.name}"`);
  if (foreign.length === 0) return;
  throw new AppError(
    'conflict',
    `The role${foreign.length > 1 ? 's' : ''} ${foreign.join(', ')} on this server ${foreign.length > 1 ? 'do' : 'does'} not belong to this Nagaya deployment. ` +
      'Roles belong to the whole server: either another deployment (another NAGAYA_ROLE_SECRET) lives here, then give this one names of its own for its roles: set NAGAYA_ROLE_PREFIX, in every process of this deployment; ' +
      'or the secret was changed, then give the one before it as NAGAYA_ROLE_SECRET_PREVIOUS and run "nagaya secret rotate"; ' +
      'or somebody made the role by hand, then rename it or choose another product id.',
  );
}

function missingRole(name: string, login: boolean, plan: AccessPlan): Finding {
  const role = quoteIdent(name);
  const create = login
    ? `CREATE ROLE ${role} LOGIN NOINHERIT NOCREATEDB NOCREATEROLE CONNECTION LIMIT ${plan.roleConnectionLimit}`
    : `CREATE ROLE ${role} NOLOGIN NOINHERIT NOCREATEDB NOCREATEROLE`;
  // The backup role's password comes from a secret that serving processes lack: role-passwords.ts sets it.
  const password = login && name !== plan.roles.backup ? ` PASSWORD ${quoteLiteral(scramVerifier(plan.roleSecret, name))}` : '';
  return {
    rule: 'role-missing',
    severity: 'error',
    detail: `The role "${name}" does not exist.`,
    about: plan.roles.subjectOf(name),
    fix: asMigrator(create + password, `COMMENT ON ROLE ${role} IS ${quoteLiteral(roleComment(plan.roleSecret, plan.roles))}`),
  };
}

function departures(row: RoleRow, login: boolean, plan: AccessPlan): Finding[] {
  const role = quoteIdent(row.name);
  const findings: Finding[] = [];
  const report = (rule: string, detail: string, ...fix: string[]) =>
    findings.push({ rule, severity: 'error', detail: `The role "${row.name}" ${detail}.`, about: plan.roles.subjectOf(row.name), fix: asMigrator(...fix) });
  // Only a superuser may name these in ALTER ROLE, even to take them away, so each is mended only where it is wrong.
  if (row.superuser) report('role-superuser', 'is a superuser', `ALTER ROLE ${role} NOSUPERUSER`);
  if (row.bypassesRls) report('role-bypasses-rls', 'bypasses row-level security', `ALTER ROLE ${role} NOBYPASSRLS`);
  if (row.replicates) report('role-replication', 'may replicate', `ALTER ROLE ${role} NOREPLICATION`);
  if (row.createsRoles) report('role-creates-roles', 'may create roles', `ALTER ROLE ${role} NOCREATEROLE`);
  if (row.createsDatabases) report('role-creates-databases', 'may create databases', `ALTER ROLE ${role} NOCREATEDB`);
  if (row.expires) report('role-expires', 'has a password that expires', `ALTER ROLE ${role} VALID UNTIL 'infinity'`);
  if (row.inherits) report('role-inherits', 'inherits privileges', `ALTER ROLE ${role} NOINHERIT`);
  if (row.login !== login) {
    report('role-login', login ? "can't log in" : 'can log in', `ALTER ROLE ${role} ${login ? 'LOGIN' : 'NOLOGIN'}`);
  }
  if (login && row.connectionLimit !== plan.roleConnectionLimit) {
    report(
      'role-connection-limit',
      `has the connection limit ${row.connectionLimit}, not ${plan.roleConnectionLimit}`,
      `ALTER ROLE ${role} CONNECTION LIMIT ${plan.roleConnectionLimit}`,
    );
  }
  return findings;
}
