import { AppError } from '../errors/app-error.js';
import type { Queryable } from './admin-connection.js';
import type { SharedManifest } from './manifest.js';
import type { RoleNames } from './role-names.js';

const SERVER_MIN = 160_000;

const SERVER_SQL = `
  SELECT current_database() AS database, current_user AS migrator, current_setting('server_version_num')::int AS version,
         current_setting('server_version') AS "versionText", pg_encoding_to_char(d.encoding) AS encoding,
         pg_is_in_recovery() AS "isReplica",
         r.rolsuper AS superuser, r.rolcreaterole AS "createsRoles",
         pg_has_role(current_user, d.datdba, 'USAGE') AS "ownsDatabase",
         has_database_privilege(current_database(), 'CREATE') AS "createsSchemas",
         EXISTS (SELECT FROM pg_extension WHERE extname = 'vector') AS "hasVector",
         EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector') AS "vectorAvailable",
         coalesce((SELECT trusted FROM pg_available_extension_versions WHERE name = 'vector' LIMIT 1), false) AS "vectorTrusted"
    FROM pg_database d, pg_roles r
   WHERE d.datname = current_database() AND r.rolname = current_user`;

const OWNERS_SQL = `SELECT pg_get_userbyid(nspowner) AS owner FROM pg_namespace WHERE nspname = ANY($1) AND pg_get_userbyid(nspowner) <> $2`;

interface ServerRow {
  database: string;
  migrator: string;
  version: number;
  versionText: string;
  encoding: string;
  isReplica: boolean;
  superuser: boolean;
  createsRoles: boolean;
  ownsDatabase: boolean;
  createsSchemas: boolean;
  hasVector: boolean;
  vectorAvailable: boolean;
  vectorTrusted: boolean;
}

/**
 * Looks at the server before anything is changed, so that all that is missing is told at once and by the statement
 * that a DBA has to run.
 * @throws AppError `conflict` listing every obstacle
 */
export async function checkServer(db: Queryable): Promise<{ database: string }> {
  const [server] = await db.query<ServerRow>(SERVER_SQL);
  if (server === undefined) throw new AppError('internal', 'The catalogue does not show this login.');
  const obstacles = obstaclesOf(server);
  if (obstacles.length === 0) return { database: server.database };
  throw new AppError('conflict', `This database is not ready for Nagaya:\n${obstacles.map((line) => `  - ${line}`).join('\n')}`);
}

/**
 * The prefix of the roles' names is for life: with another one the schemas that are here would be somebody else's.
 * @throws AppError `conflict` where a deployment with other names for its roles lives in this database
 */
export async function assertOwnHouse(db: Queryable, roles: RoleNames, shared: readonly Pick<SharedManifest, 'id'>[]): Promise<void> {
  const [found] = await db.query<{ owner: string }>(OWNERS_SQL, [shared.map(({ id }) => id), roles.owner]);
  const prefix = /^([a-z][a-z0-9]*)_owner$/.exec(found?.owner ?? '')?.[1];
  if (prefix === undefined) return;
  throw new AppError(
    'conflict',
    `This database is the home of a deployment whose roles' names begin with "${prefix}", and this one's begin with "${roles.prefix}". ` +
      `If it is this deployment's, set NAGAYA_ROLE_PREFIX=${prefix} as before: names can't be changed later. If it is another's, give this one a database of its own.`,
  );
}

function obstaclesOf(server: ServerRow): string[] {
  const obstacles: string[] = [];
  if (server.version < SERVER_MIN) obstacles.push(`It is PostgreSQL ${server.versionText}; 16 or newer is needed (before that, a role could grant itself to others).`);
  if (server.encoding !== 'UTF8') obstacles.push(`Its encoding is ${server.encoding}; make it with: CREATE DATABASE … ENCODING 'UTF8' TEMPLATE template0;`);
  if (server.isReplica) obstacles.push('It is a read-only replica; give the primary.');
  if (!server.superuser && !server.createsRoles) obstacles.push(`The migrator may not make roles. A superuser runs: ALTER ROLE ${server.migrator} CREATEROLE;`);
  if (!server.superuser && !server.ownsDatabase) obstacles.push(`The migrator does not own the database. A superuser runs: ALTER DATABASE ${server.database} OWNER TO ${server.migrator};`);
  if (!server.createsSchemas) obstacles.push('The migrator may not create schemas in the database.');
  if (!server.hasVector && !server.vectorAvailable) obstacles.push('pgvector is not installed on the server; install its package (postgresql-17-pgvector or the like).');
  else if (!server.hasVector && !server.superuser && !server.vectorTrusted) {
    obstacles.push(
      'The extension "vector" needs a superuser once: ' +
      `CREATE SCHEMA IF NOT EXISTS extensions AUTHORIZATION ${server.migrator}; CREATE EXTENSION vector SCHEMA extensions;`,
    );
  }
  return obstacles;
}
