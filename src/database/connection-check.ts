import pg, { type ClientBase } from 'pg';
import { AppError } from '../errors/app-error.js';
import { expectedSettings } from './access/role-settings.js';
import type { ProductManifest, SharedManifest } from './manifest.js';
import { quoteIdent, quoteLiteral } from './quote-ident.js';
import { EXTENSIONS_SCHEMA, type RoleNames } from './role-names.js';

interface IdentityRow {
  sessionUser: string;
  currentUser: string;
  database: string;
  superuser: boolean;
  bypassesRls: boolean;
  createsRoles: boolean;
  ownsTables: boolean;
  extensionsSchema: string | null;
  /** What this session runs with. */
  settings: Record<string, string>;
  /** What hangs on the role in this database, and the next session would begin with. */
  stored: Record<string, string>;
}

const IDENTITY_SQL = `
  SELECT session_user AS "sessionUser", current_user AS "currentUser", current_database() AS database,
         r.rolsuper AS superuser, r.rolbypassrls AS "bypassesRls", r.rolcreaterole AS "createsRoles",
         EXISTS (SELECT FROM pg_class c WHERE c.relowner = r.oid AND c.relkind IN ('r', 'p')) AS "ownsTables",
         (SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector') AS "extensionsSchema",
         (SELECT json_object_agg(name, current_setting(name, true)) FROM unnest(ARRAY['search_path', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) AS name) AS settings,
         (SELECT coalesce(json_object_agg(split_part(setting, '=', 1), substr(setting, strpos(setting, '=') + 1)), '{}')
            FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) AS setting
           WHERE s.setrole = r.oid AND d.datname = current_database()) AS stored
    FROM pg_roles r WHERE r.rolname = current_user`;

const QUERY_CANCELED = '57014';

export interface ConnectionExpectation {
  readonly role: string;
  readonly roles: RoleNames;
  readonly shared: readonly SharedManifest[];
  readonly products: readonly ProductManifest[];
  /** The embedded engine has no time-outs, and one session that must not be ended. */
  readonly engine: 'embedded' | 'server';
}

/** A connection that may not serve: the role behind it could see more than its own home. */
export class IdentityError extends AppError {
  constructor(reason: string) {
    super('product_not_ready', 'The database login of this product is not safe to use. The operator runs "nagaya migrate" and looks at the log.', {
      cause: new Error(reason),
    });
  }
}

/**
 * Runs once on each new connection, before it serves: it must be the role that the pool is for, without the rights
 * that would void isolation, and with the settings that hang on the role. A role may change its own settings, so a
 * departure is put back (it has the right to) and this connection is given up; the next one starts right. Behind a
 * pooler the session is older than this connection, and outlives it: what hangs on the role is looked at too, and a
 * session with other settings is ended on the server.
 * @throws IdentityError
 */
export async function checkConnection(client: ClientBase, expectation: ConnectionExpectation): Promise<void> {
  const { role, engine } = expectation;
  const identity = await readIdentity(client);
  if (identity === undefined || identity.sessionUser !== role || identity.currentUser !== role) {
    throw new IdentityError(`the connection for ${role} is logged in as ${identity?.sessionUser ?? 'nobody'}, at work as ${identity?.currentUser ?? 'nobody'}`);
  }
  for (const right of ['superuser', 'bypassesRls', 'createsRoles', 'ownsTables'] as const) {
    if (identity[right]) throw new IdentityError(`the role ${role} must not have: ${right}`);
  }
  const expected = expectedSettings(role, { ...expectation, extensionsSchema: identity.extensionsSchema ?? EXTENSIONS_SCHEMA });
  const names = [...expected.keys()].filter((name) => engine === 'server' || name === 'search_path');
  const departs = (settings: Record<string, string>) => (name: string) => normalise(settings[name] ?? '') !== normalise(expected.get(name) ?? '');
  const stored = names.filter(departs(identity.stored));
  const wrong = names.filter((name) => stored.includes(name) || departs(identity.settings)(name));
  if (wrong.length === 0) return;
  await client.query('SET statement_timeout = 0');
  for (const name of stored) await putBack(client, role, identity.database, name, expected.get(name) ?? '');
  if (engine === 'server') await endSession(client);
  throw new AppError('unavailable', 'The database connection had to be renewed. Try again in a moment.', {
    retryAfter: 1,
    cause: new Error(`the role ${role} had changed settings: ${wrong.map((name) => `${name} = ${identity.stored[name] ?? identity.settings[name]}`).join(', ')}`),
  });
}

/** A role can set itself a time-out that even this question runs into; with it out of the way, the answer shows that it is wrong. */
async function readIdentity(client: ClientBase): Promise<IdentityRow | undefined> {
  try {
    return (await client.query<IdentityRow>(IDENTITY_SQL)).rows[0];
  } catch (error) {
    if (!(error instanceof pg.DatabaseError && error.code === QUERY_CANCELED)) throw error;
    await client.query('SET statement_timeout = 0');
    return (await client.query<IdentityRow>(IDENTITY_SQL)).rows[0];
  }
}

/** A role may end its own sessions. Closing the connection alone would leave the pooler's behind, for the next client. */
async function endSession(client: ClientBase): Promise<void> {
  await client.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => {});
}

async function putBack(client: ClientBase, role: string, database: string, name: string, value: string): Promise<void> {
  const literal = name === 'search_path' ? value.split(', ').map(quoteIdent).join(', ') : quoteLiteral(value);
  await client.query(`ALTER ROLE ${quoteIdent(role)} IN DATABASE ${quoteIdent(database)} SET ${quoteIdent(name)} = ${literal}`);
  await client.query(`ALTER ROLE ${quoteIdent(role)} RESET ${quoteIdent(name)}`);
}

/** `30s`, `30000` and `30000ms` are one time; names come back quoted where PostgreSQL thinks they must be. */
function normalise(value: string): string {
  const time = /^(\d+)(ms|s|min)?$/.exec(value);
  if (time === null) return value.replaceAll('"', '');
  const factor = { ms: 1, s: 1_000, min: 60_000 }[time[2] ?? 'ms'] ?? 1;
  return String(Number(time[1]) * factor);
}
