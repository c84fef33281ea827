import type { Queryable } from '../../database/admin-connection.js';
import { quoteIdent, quoteLiteral } from '../../database/quote-ident.js';
import type { RoleNames } from '../../database/role-names.js';
import type { House } from '../../database/migrator.js';

interface RoleRow {
  name: string;
  login: boolean;
  connectionLimit: number;
  settings: string[] | null;
}

const ROLES_SQL = `
  SELECT r.rolname AS name, r.rolcanlogin AS login, r.rolconnlimit AS "connectionLimit", s.setconfig AS settings
    FROM pg_roles r
    LEFT JOIN pg_db_role_setting s ON s.setrole = r.oid AND s.setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
   WHERE r.rolname = ANY($1) ORDER BY r.rolname`;

/**
 * SQL that makes the roles of the house as they were, for whoever restores without Nagaya. No passwords: nagaya migrate sets
 * those, and the comments by which it knows the roles as its own, from the deployment's secret.
 */
export async function rolesScript(db: Queryable, house: House, names: RoleNames): Promise<string> {
  const roles = await db.query<RoleRow>(ROLES_SQL, [names.all(house.products)]);
  const lines = roles.flatMap(({ name, login, connectionLimit, settings }) => [
    `CREATE ROLE ${quoteIdent(name)} ${login ? `LOGIN CONNECTION LIMIT ${connectionLimit}` : 'NOLOGIN'} NOINHERIT NOCREATEDB NOCREATEROLE;`,
    ...(settings ?? []).map((setting) => settingLine(name, setting)),
  ]);
  return [
    '-- The roles of a Nagaya deployment, without passwords. "nagaya migrate" makes the same from its manifests;',
    '-- this is for restoring without it. Run before the archives, in the database that they go into.',
    'SELECT current_database() AS database \\gset',
    ...lines,
    '',
  ].join('\n');
}

/** search_path is a list of names; everything else is one value. */
function settingLine(role: string, setting: string): string {
  const cut = setting.indexOf('=');
  const [name, value] = [setting.slice(0, cut), setting.slice(cut + 1)];
  return `ALTER ROLE ${quoteIdent(role)} IN DATABASE :"database" SET ${quoteIdent(name)} = ${name === 'search_path' ? value : quoteLiteral(value)};`;
}
