import pg from 'pg';
import { TEST_HOUSE } from './test-house.js';
import { BACKUP_ROLE, CONTROL_ROLE, OWNER_ROLE } from '../../src/database/role-names.js';
import { roleComment } from '../../src/database/role-secret.js';
import { quoteIdent } from '../../src/database/quote-ident.js';
import { serverUrl, TEST_SECRET } from './engine.js';

/** The same server, another database. */
export function urlOfDatabase(name: string): string {
  const url = new URL(serverUrl());
  url.pathname = `/${name}`;
  return url.href;
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
  for (const row of databases?.rows as { datname: string }[]) await dropDatabase(row.datname);
  const names = [OWNER_ROLE, CONTROL_ROLE, BACKUP_ROLE, ...TEST_HOUSE.products.map((product) => product.id)];
  const [roles] = await asSuperuser('postgres', `SELECT rolname, shobj_description(oid, 'pg_authid') AS comment FROM pg_roles`);
  const ours = (roles?.rows as { rolname: string; comment: string | null }[]).filter((role) => names.includes(role.rolname) && role.comment === roleComment(TEST_SECRET));
  for (const { rolname } of ours) {
    try {
      await asSuperuser('postgres', `DROP ROLE ${quoteIdent(rolname)}`);
    } catch (error) {
      // Another database on the server uses it: a deployment with the same secret lives here.
      if (!(error instanceof pg.DatabaseError && error.code === '2BP01')) throw error;
    }
  }
}
