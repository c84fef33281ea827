import { quoteIdent } from '../quote-ident.js';
import { asMigrator, type AccessRule } from './finding.js';

interface MembershipRow {
  role: string;
  member: string;
}

const MEMBERSHIPS_SQL = `
  SELECT g.rolname AS role, m.rolname AS member
    FROM pg_auth_members a
    JOIN pg_roles g ON g.oid = a.roleid
    JOIN pg_roles m ON m.oid = a.member
   WHERE m.rolname = ANY($1)
   ORDER BY 1, 2`;

const MIGRATOR_SQL = `
  SELECT current_user AS name,
         (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser,
         CASE WHEN to_regrole($1) IS NULL THEN false
              ELSE pg_has_role(current_user, $1, 'SET') AND pg_has_role(current_user, $1, 'USAGE') END AS "isOwner"`;

/** A login role is a member of nothing: a membership is a door into somebody else's home. */
export const memberships: AccessRule = async (db, plan) => {
  const rows = await db.query<MembershipRow>(MEMBERSHIPS_SQL, [plan.roles.all(plan.products)]);
  return rows.map((row) => ({
    rule: 'role-membership',
    severity: 'error' as const,
    detail: `The role "${row.member}" is a member of "${row.role}".`,
    about: plan.roles.subjectOf(row.member),
    fix: asMigrator(`REVOKE ${quoteIdent(row.role)} FROM ${quoteIdent(row.member)}`),
  }));
};

/** The migrator makes schemas and tables in the owner's name, for which it has to be a member of it. */
export const migratorIsOwner: AccessRule = async (db, plan) => {
  const [migrator] = await db.query<{ name: string; superuser: boolean; isOwner: boolean }>(MIGRATOR_SQL, [plan.roles.owner]);
  if (migrator === undefined || migrator.superuser || migrator.isOwner) return [];
  return [
    {
      rule: 'migrator-not-owner',
      severity: 'error',
      detail: `The migrator "${migrator.name}" is not a member of "${plan.roles.owner}".`,
      fix: asMigrator(`GRANT ${quoteIdent(plan.roles.owner)} TO ${quoteIdent(migrator.name)} WITH INHERIT TRUE, SET TRUE`),
    },
  ];
};
