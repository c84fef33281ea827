import type { Queryable } from '../admin-connection.js';
import { ownRoleComments } from '../role-secret.js';
import type { AccessPlan } from './finding.js';

const ROLES_SQL = `
  SELECT rolname AS name FROM pg_roles
   WHERE rolname = ANY($1) AND coalesce(shobj_description(oid, 'pg_authid'), '') <> ALL ($2)`;

const SCHEMAS_SQL = `
  SELECT nspname AS name, pg_get_userbyid(nspowner) AS owner FROM pg_namespace
   WHERE nspname = ANY($1) AND pg_get_userbyid(nspowner) <> $2`;

/**
 * Products whose role or schema somebody else made. Neither is Nagaya's to take over, so those products are left out
 * of everything that follows; the others go on.
 * @returns by product, what stands in its place, in words for an operator
 */
export async function findStrangers(db: Queryable, plan: AccessPlan): Promise<Map<string, string>> {
  const ids = plan.products.map((product) => product.id);
  const foreign = (await db.query<{ name: string }>(ROLES_SQL, [plan.roles.all(plan.products), ownRoleComments(plan)])).map((row) => row.name);
  // Where even the shared roles are somebody else's, the server is another deployment's: the rule for roles says so, and stops.
  if (foreign.some((name) => !ids.includes(plan.roles.subjectOf(name)))) return new Map();
  const strangers = new Map<string, string>();
  for (const { name, owner } of await db.query<{ name: string; owner: string }>(SCHEMAS_SQL, [ids, plan.roles.owner])) {
    strangers.set(name, `The schema "${name}" exists and belongs to "${owner}", not to "${plan.roles.owner}". Rename it, choose another product id, or hand it over yourself.`);
  }
  for (const name of foreign) {
    strangers.set(
      plan.roles.subjectOf(name),
      `The role "${name}" on this server does not belong to this Nagaya deployment. Roles belong to the whole server: ` +
        'another deployment (another NAGAYA_ROLE_SECRET) or somebody by hand made it. Rename it, or choose another product id.',
    );
  }
  return strangers;
}
