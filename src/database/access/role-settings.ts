import { quoteIdent, quoteLiteral } from '../quote-ident.js';
import { asMigrator, type AccessPlan, type AccessRule, type Finding } from './finding.js';

interface SettingsRow {
  role: string;
  /** null: hangs on the role alone, for every database */
  database: string | null;
  settings: string[];
}

const SETTINGS_SQL = `
  SELECT r.rolname AS role, d.datname AS database, s.setconfig AS settings
    FROM pg_db_role_setting s
    JOIN pg_roles r ON r.oid = s.setrole
    LEFT JOIN pg_database d ON d.oid = s.setdatabase
   WHERE r.rolname = ANY($1) AND (s.setdatabase = 0 OR d.datname = current_database())`;

/**
 * Time-outs a connection starts with. A statement of a request that takes longer than 30 s has lost its caller; a
 * lock is not waited for longer than 5 s, so that traffic never queues behind DDL; a transaction left open is ended
 * after 60 s, since it holds locks and keeps dead rows. Backups read for as long as they need.
 */
const SERVING_TIMEOUTS = { statement_timeout: '30s', lock_timeout: '5s', idle_in_transaction_session_timeout: '60s' };

/** Settings that hang on a login role in this database; they hold at once at login, also behind a pooler. */
export function expectedSettings(role: string, plan: Pick<AccessPlan, 'shared' | 'products' | 'roles' | 'extensionsSchema'>): Map<string, string> {
  const own = plan.products.filter((product) => plan.roles.of(product.id) === role).map((product) => product.id);
  const path = [...own, ...plan.shared.map((manifest) => manifest.id), plan.extensionsSchema];
  const settings = new Map([['search_path', path.join(', ')]]);
  if (role !== plan.roles.backup) for (const [name, value] of Object.entries(SERVING_TIMEOUTS)) settings.set(name, value);
  return settings;
}

/** A role may change its own settings by SQL, so they are compared and put back. */
export const roleSettings: AccessRule = async (db, plan) => {
  const rows = await db.query<SettingsRow>(SETTINGS_SQL, [plan.roles.logins(plan.products)]);
  return plan.roles.logins(plan.products).flatMap((role) => {
    const expected = expectedSettings(role, plan);
    const inDatabase = parse(rows.find((row) => row.role === role && row.database !== null)?.settings ?? []);
    const everywhere = parse(rows.find((row) => row.role === role && row.database === null)?.settings ?? []);
    return [...departures(role, expected, inDatabase, plan), ...strays(role, everywhere, plan)];
  });
};

function departures(role: string, expected: Map<string, string>, actual: Map<string, string>, plan: AccessPlan): Finding[] {
  const alter = `ALTER ROLE ${quoteIdent(role)} IN DATABASE ${quoteIdent(plan.database)}`;
  const wrong = [...expected].filter(([name, value]) => actual.get(name) !== value);
  const unknown = [...actual.keys()].filter((name) => !expected.has(name));
  return [
    ...wrong.map(([name, value]) => ({
      rule: 'role-setting',
      severity: 'error' as const,
      detail: `The role "${role}" has ${name} = ${actual.get(name) ?? 'the default'}, not ${value}.`,
      about: plan.roles.subjectOf(role),
      fix: asMigrator(`${alter} SET ${quoteIdent(name)} = ${settingValue(name, value)}`),
    })),
    ...unknown.map((name) => ({
      rule: 'role-setting-unknown',
      severity: 'error' as const,
      detail: `The role "${role}" has a setting that is not Nagaya's: ${name} = ${actual.get(name)}.`,
      about: plan.roles.subjectOf(role),
      fix: asMigrator(`${alter} RESET ${quoteIdent(name)}`),
    })),
  ];
}

function strays(role: string, actual: Map<string, string>, plan: AccessPlan): Finding[] {
  return [...actual].map(([name, value]) => ({
    rule: 'role-setting-unknown',
    severity: 'error' as const,
    detail: `The role "${role}" has a setting for every database that is not Nagaya's: ${name} = ${value}.`,
    about: plan.roles.subjectOf(role),
    fix: asMigrator(`ALTER ROLE ${quoteIdent(role)} RESET ${quoteIdent(name)}`),
  }));
}

/** search_path takes a list of names; quoted as one literal it would be one strange name. */
function settingValue(name: string, value: string): string {
  return name === 'search_path' ? value.split(', ').map(quoteIdent).join(', ') : quoteLiteral(value);
}

function parse(settings: readonly string[]): Map<string, string> {
  return new Map(
    settings.map((setting) => {
      const cut = setting.indexOf('=');
      return [setting.slice(0, cut), setting.slice(cut + 1).replaceAll('"', '')];
    }),
  );
}
