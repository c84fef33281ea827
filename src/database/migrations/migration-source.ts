import { DataSource, type Logger } from 'typeorm';
import type { SchemaManifest } from '../manifest.js';
import { MIGRATIONS_TABLE } from '../access/relations.js';
import { loadMigrations } from './load-migrations.js';

/** How long live traffic may stand behind a migration that waits for a lock, milliseconds. */
export const LOCK_TIMEOUT_MS = 500;

/** TypeORM prints a failing migration on standard output, whatever `logging` says. That is the verb's; the failure comes back as an error. */
export const SILENT: Logger = {
  logQuery: () => {},
  logQueryError: () => {},
  logQuerySlow: () => {},
  logSchemaBuild: () => {},
  logMigration: () => {},
  log: () => {},
};

/** Where migrations work, beside the schema itself. */
export interface MigrationHome {
  /** The role that is to own what they make. */
  readonly owner: string;
  readonly extensionsSchema: string;
}

/**
 * Start-up options of a connection that migrates a schema: logged in as the migrator, at work as the owner, so that
 * what is made belongs to it. Options instead of SET, so that a connection that is opened anew has them too.
 */
export function migratorOptions(schema: string, { owner, extensionsSchema }: MigrationHome): string {
  const options = [
    ['role', owner],
    ['search_path', [schema, extensionsSchema].join(',')],
    // Who waits for ACCESS EXCLUSIVE blocks all who come after: rather fail soon, let them through, and try again.
    ['lock_timeout', `${LOCK_TIMEOUT_MS}ms`],
    ['statement_timeout', '0'],
  ];
  return options.map(([name, value]) => `-c ${name}=${value}`).join(' ');
}

/** A DataSource for one schema, as TypeORM's own command line takes it: one connection, the history in the schema itself. */
export async function migrationSource(manifest: SchemaManifest, adminUrl: string, home: MigrationHome): Promise<DataSource> {
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
    extra: { options: migratorOptions(manifest.id, home), connectionTimeoutMillis: 10_000 },
  });
}
