import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration, type Configuration } from '../../src/config/env.js';

export type TestEngine = 'embedded' | 'postgres';

/** Which database the suites run on: `npm test` or `npm run test:pg`. */
export const ENGINE: TestEngine = process.env['TEST_ENGINE'] === 'postgres' ? 'postgres' : 'embedded';

/** Whether what serves goes through PgBouncer: `npm run test:pg -- --through-pgbouncer`. */
export const THROUGH_PGBOUNCER = process.env['TEST_THROUGH_PGBOUNCER'] === 'true';

/**
 * Where a process that serves reaches a database: the server itself, or the PgBouncer that the global set-up has started and named.
 * Without a login, as in production: each role has its own.
 */
export function servingUrl(database: string): string | undefined {
  const pooler = process.env['TEST_PGBOUNCER_URL'];
  return pooler === undefined ? undefined : new URL(database, pooler).href;
}

/** The superuser's URL of the server under test. */
export function serverUrl(): string {
  const url = process.env['TEST_DATABASE_ADMIN_URL'];
  if (url === undefined) throw new Error('TEST_DATABASE_ADMIN_URL is not set: run the tests through "npm run test:pg".');
  return url;
}

/**
 * Roles belong to the whole server, so all test databases on it share them and their secret. A server that already
 * serves a deployment of yours has roles with your secret: give it to the tests as NAGAYA_ROLE_SECRET.
 */
export const TEST_SECRET = process.env['NAGAYA_ROLE_SECRET'] ?? 'a secret that is only good for tests, and long enough';

/** Of `nagaya_backup`, whose password all test databases of the server share; where the server has one already, that one. */
export const TEST_BACKUP_SECRET = process.env['NAGAYA_BACKUP_SECRET'] ?? 'a backup secret that is only good for tests';

/** The migrated database that every test file gets a copy of. */
export const TEMPLATE_DATABASE = 'nagaya_test_template';
export const TEMPLATE_FOLDER = join(tmpdir(), `nagaya-test-template-${process.env['TEST_RUN'] ?? 'none'}`);

/** Where what is asked of the API on the embedded engine goes: its serving process makes backups. */
export const BACKUPS_FOLDER = `${TEMPLATE_FOLDER}-backups`;

/** A configuration as the environment would give it, with nothing taken from the real one. */
export function testConfiguration(source: Record<string, string>, overrides: Partial<Configuration> = {}): Configuration {
  return { ...readConfiguration({ PORT: '0', LOG_LEVEL: 'silent', NAGAYA_BACKUP_TO: BACKUPS_FOLDER, ...source }, () => []), ...overrides };
}
