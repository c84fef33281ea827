import { quoteIdent } from '../quote-ident.js';
import { asMigrator, type AccessPlan, type AccessRule, type Finding } from './finding.js';

// The owner may connect without being granted it.
const OWNER_SQL = `SELECT pg_get_userbyid(datdba) AS owner FROM pg_database WHERE datname = current_database()`;

interface PrivilegeRow {
  grantee: string;
  privilege: string;
}

// An empty ACL means the defaults, which give PUBLIC both CONNECT and TEMPORARY.
const DATABASE_SQL = `
  SELECT CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END AS grantee, acl.privilege_type AS privilege
    FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) acl
   WHERE d.datname = current_database() AND acl.grantee <> d.datdba`;

const PUBLIC_SCHEMA_SQL = `
  SELECT CASE acl.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(acl.grantee) END AS grantee, acl.privilege_type AS privilege
    FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) acl
   WHERE n.nspname = 'public' AND acl.grantee <> n.nspowner`;

/** Who may connect: the login roles; nobody else through PUBLIC, and none may make temporary objects. */
export const databasePrivileges: AccessRule = async (db, plan) => {
  const rows = await db.query<PrivilegeRow>(DATABASE_SQL);
  const [named] = await db.query<{ owner: string }>(OWNER_SQL);
  const database = quoteIdent(plan.database);
  const logins = plan.roles.logins(plan.products);
  const findings: Finding[] = [];
  for (const role of logins) {
    if (role === named?.owner || rows.some((row) => row.grantee === role && row.privilege === 'CONNECT')) continue;
    findings.push({
      rule: 'database-connect-missing',
      severity: 'error',
      detail: `The role "${role}" may not connect to the database.`,
      about: plan.roles.subjectOf(role),
      fix: asMigrator(`GRANT CONNECT ON DATABASE ${database} TO ${quoteIdent(role)}`),
    });
  }
  for (const row of rows) {
    const allowed = row.privilege === 'CONNECT' && logins.includes(row.grantee);
    if (allowed || !isOurs(row.grantee, plan)) continue;
    findings.push(tooMuch('database-privilege', `${row.privilege} on the database`, row, `ON DATABASE ${database}`, plan));
  }
  return findings;
};

/** Nobody finds or puts anything in `public`: a shadowing function there would run with its caller's rights. */
export const publicSchemaPrivileges: AccessRule = async (db, plan) => {
  if (plan.extensionsSchema === 'public') return [];
  const rows = await db.query<PrivilegeRow>(PUBLIC_SCHEMA_SQL);
  return rows
    .filter((row) => isOurs(row.grantee, plan))
    .map((row) => tooMuch('public-schema-privilege', `${row.privilege} on the schema public`, row, 'ON SCHEMA public', plan));
};

function isOurs(grantee: string, plan: AccessPlan): boolean {
  return grantee === 'public' || plan.roles.all(plan.products).includes(grantee);
}

function tooMuch(rule: string, what: string, row: PrivilegeRow, object: string, plan: AccessPlan): Finding {
  const everybody = row.grantee === 'public';
  return {
    rule,
    severity: 'error',
    detail: `${everybody ? 'PUBLIC (everybody)' : `The role "${row.grantee}"`} has ${what}.`,
    about: plan.roles.subjectOf(row.grantee),
    fix: asMigrator(`REVOKE ${row.privilege} ${object} FROM ${everybody ? 'PUBLIC' : quoteIdent(row.grantee)}`),
  };
}
