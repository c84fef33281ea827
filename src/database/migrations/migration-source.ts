import { DataSource, type Logger } from 'typeorm';
import type { SchemaManifest } from '../manifest.js';
import { MIGRATIONS_TABLE } from '../access/relations.js';
import { OWNER_ROLE } from '../role-names.js';
import { loadMigrations } from './load-migrations.js';

/** TypeORM prints a failing migration on standard output, whatever `logging` says. That is the verb's; the failure comes back as an error. */
const SILENT: Logger = {
  logQuery: () => {},
  logQueryError: () => {},
  logQuerySlow: () => {},
  logSchemaBuild: () => {},
  logMigration: () => {},
  log: () => {},
};

/**
 * A DataSource that migrates one schema: one connection, logged in as the migrator, at work as the owner, with the
 * history in the schema itself. Start-up options instead of SET, so that a connection that TypeORM opens anew has them too.
 */
export async function migrationSource(manifest: SchemaManifest, adminUrl: string, extensionsSchema: string): Promise<DataSource> {
  const options = [
    ['role', OWNER_ROLE],
    ['search_path', [manifest.id, extensionsSchema].join(',')],
    // Rather fail and try again than queue before live traffic: who waits for ACCESS EXCLUSIVE blocks all who come after.
    ['lock_timeout', '3s'],
    ['statement_timeout', '0'],
  ];
  return new DataSource({
    type: 'postgres',
    url: adminUrl,
    applicationName: `nagaya-migrate-${manifest.id}`,
    schema: manifest.id,
    entities: [...manifest.entities],
    migrations: await loadMigrations(manifest),
    migrationsTableName: MIGRATIONS_TABLE,
    migrationsTransactionMode: 'each',
    installExtensions: false,
    uuidExtension: 'pgcrypto',
    synchronize: false,
    logger: SILENT,
    poolSize: 1,
    extra: { options: options.map(([name, value]) => `-c ${name}=${value}`).join(' '), connectionTimeoutMillis: 10_000 },
  });
}
