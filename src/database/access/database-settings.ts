import { quoteIdent } from '../quote-ident.js';
import { asMigrator, type AccessRule } from './finding.js';

/** What would change whose tables a statement means, whose rights it has, or what code is loaded. Others an operator may tune. */
const HARMFUL = ['search_path', 'role', 'session_authorization', 'row_security', 'session_replication_role', 'session_preload_libraries', 'local_preload_libraries'];

const SETTINGS_SQL = `
  SELECT split_part(setting, '=', 1) AS name, substr(setting, strpos(setting, '=') + 1) AS value, s.setdatabase = 0 AS "isEverywhere"
    FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS setting
   WHERE s.setrole = 0 AND (s.setdatabase = 0 OR d.datname = current_database()) AND split_part(setting, '=', 1) = ANY($1)
   ORDER BY 1`;

/** Settings that hang on the database, or on all roles, hold for the migrator too, which no rule for roles looks at. */
export const databaseSettings: AccessRule = async (db, plan) => {
  const rows = await db.query<{ name: string; value: string; isEverywhere: boolean }>(SETTINGS_SQL, [HARMFUL]);
  return rows.map(({ name, value, isEverywhere }) => ({
    rule: 'database-setting',
    severity: 'error' as const,
    detail: `${isEverywhere ? 'All roles have' : 'The database has'} the setting ${name} = ${value}.`,
    fix: asMigrator(isEverywhere ? `ALTER ROLE ALL RESET ${quoteIdent(name)}` : `ALTER DATABASE ${quoteIdent(plan.database)} RESET ${quoteIdent(name)}`),
  }));
};
