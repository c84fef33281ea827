import pg from 'pg';
import { TEST_HOUSE } from './test-house.js';
import { BACKUP_ROLE, CONTROL_ROLE, OWNER_ROLE } from './roles.js';
import { roleComment } from '../../src/database/role-secret.js';
import { quoteIdent, quoteLiteral } from '../../src/database/quote-ident.js';
import { serverUrl, TEST_SECRET } from './engine.js';

/** The same server, another database. */
export function urlOfDatabase(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
}

/**
 * Migrates all test databases and owns them. No superuser, as on a managed cloud: whatever Nagaya needs of a server, every test
 * on a real one proves that CREATEROLE and owning the database are enough for it.
 */
export const TEST_MIGRATOR = 'nagaya_test_migrator';
const TEST_MIGRATOR_PASSWORD = 'only good for tests';

/** The migrator's way into a database of the server. */
export function migratorUrl(database: string): string {
  const url = new URL(urlOfDatabase(database));
  url.username = TEST_MIGRATOR;
  url.password = encodeURIComponent(TEST_MIGRATOR_PASSWORD);
  return url.href;
}

/** A database with what a superuser has to put there before the migrator can start: pgvector. */
export async function createEmptyDatabase(name: string): Promise<void> {
  await asSuperuser('postgres', `CREATE DATABASE ${quoteIdent(name)} OWNER ${TEST_MIGRATOR} ENCODING 'UTF8' TEMPLATE template0`);
  await asSuperuser(name, `CREATE SCHEMA extensions AUTHORIZATION ${TEST_MIGRATOR}`, 'CREATE EXTENSION vector SCHEMA extensions');
}

export async function createMigrator(): Promise<void> {
  await asSuperuser('postgres', `CREATE ROLE ${TEST_MIGRATOR} LOGIN CREATEROLE PASSWORD ${quoteLiteral(TEST_MIGRATOR_PASSWORD)}`);
  // Roles that a deployment with the same secret has on this server, and that clearServer therefore left: theirs to keep, ours to alter.
  for (const role of await ownRoles()) await asSuperuser('postgres', `GRANT ${quoteIdent(role)} TO ${TEST_MIGRATOR} WITH ADMIN OPTION`);
}

/** Runs statements as the server's superuser, one after the other. */
export async function asSuperuser(database: string, ...statements: string[]): Promise<pg.QueryResult[]> {
  const client = new pg.Client({ connectionString: urlOfDatabase(database) });
  await client.connect();
  try {
    const results: pg.QueryResult[] = [];
    for (const statement of statements) results.push(await client.query(statement));
    return results;
  } finally {
    await client.end();
  }
}

/** FORCE ends the sessions that still hold it open. */
export async function dropDatabase(name: string): Promise<void> {
  await asSuperuser('postgres', `DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`);
}

/** Takes the tests' databases and roles off the server again, so that a deployment can move in. Roles of others stay. */
export async function clearServer(): Promise<void> {
  const [databases] = await asSuperuser('postgres', `SELECT datname FROM pg_database WHERE datname LIKE 'nagaya\\_test\\_%'`);
  for (const row of (databases?.rows ?? []) as { datname: string }[]) await dropDatabase(row.datname);
  await dropMigrator();
  for (const role of await ownRoles()) {
    try {
      await asSuperuser('postgres', `DROP ROLE ${quoteIdent(role)}`);
    } catch (error) {
      // Another database on the server uses it: a deployment with the same secret lives here.
      if (!(error instanceof pg.DatabaseError && error.code === '2BP01')) throw error;
    }
  }
}

/** The product that product:new writes in its test; it is there for the length of that test. */
export const GENERATED_PRODUCT = 'future_product';

/** Names of roles that single tests make carry this prefix, so that what a killed run has left is found. */
export const LODGER_PREFIX = 'lodger_';

/** The roles of the test house, and of single tests, that carry the mark of this deployment. */
async function ownRoles(): Promise<string[]> {
  const names = [OWNER_ROLE, CONTROL_ROLE, BACKUP_ROLE, GENERATED_PRODUCT, ...TEST_HOUSE.products.map((product) => product.id)];
  const [roles] = await asSuperuser('postgres', `SELECT rolname AS name, shobj_description(oid, 'pg_authid') AS comment FROM pg_roles`);
  return ((roles?.rows ?? []) as { name: string; comment: string | null }[])
    .filter(({ name, comment }) => comment === roleComment(TEST_SECRET) && (names.includes(name) || name.startsWith(LODGER_PREFIX)))
    .map(({ name }) => name);
}

async function dropMigrator(): Promise<void> {
  const [found] = await asSuperuser('postgres', `SELECT FROM pg_roles WHERE rolname = ${quoteLiteral(TEST_MIGRATOR)}`);
  // DROP OWNED takes back the memberships that it has granted, to itself and in its own name.
  if (found?.rowCount === 1) await asSuperuser('postgres', `DROP OWNED BY ${TEST_MIGRATOR}`, `DROP ROLE ${TEST_MIGRATOR}`);
}
