import { resolve } from 'node:path';
import { BACKUP_NAMES, readBackupSettings, type BackupSettings } from './backup-settings.js';
import { EMBEDDING_NAMES, readEmbeddingSettings, type EmbeddingSettings } from './embedding-settings.js';
import { readTracingSettings, type TracingSettings } from './tracing-settings.js';
import { ALERT_NAMES, readAlertSettings, type AlertSettings } from './alert-settings.js';
import { EnvironmentReader, SECRET_MIN_LENGTH, type EnvironmentSource } from './environment-reader.js';

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Everything that the environment decides, typed and checked. `docs/configuration.md` has a line for each. */
export interface Configuration extends AlertSettings {
  /** Where the cluster and its database are; undefined means the embedded engine. */
  readonly databaseUrl: string | undefined;
  /** The migrator's login; undefined in a process that only serves. */
  readonly databaseAdminUrl: string | undefined;
  /** Derives the serving roles' passwords; undefined on the embedded engine, which keeps its own. */
  readonly roleSecret: string | undefined;
  /** The secret before that one, while processes and roles change over; undefined at all other times. */
  readonly roleSecretPrevious: string | undefined;
  /** Derives the password of `nagaya_backup`; only where backups run. */
  readonly backupSecret: string | undefined;
  /** What the names of this deployment's roles begin with. */
  readonly rolePrefix: string;
  /** A whole URL for one role, by role name. */
  readonly roleUrls: ReadonlyMap<string, string>;
  readonly host: string;
  readonly port: number;
  /** Product ids to serve; undefined means all. */
  readonly activeProducts: readonly string[] | undefined;
  readonly migrateOnStart: boolean;
  readonly dataDir: string;
  readonly logLevel: LogLevel;
  readonly docs: boolean;
  /** What `/metrics` asks for; undefined leaves it open. */
  readonly metricsToken: string | undefined;
  /** Where a service is that commands talk to, and the key that they do it with; undefined where the command finds out itself. */
  readonly apiUrl: string | undefined;
  readonly apiKey: string | undefined;
  /** Largest request body, bytes. */
  readonly bodyLimit: number;
  /** Requests a minute and API key; 0 for no limit. */
  readonly rateLimit: number;
  /** Largest number of connections of one pool. */
  readonly poolMax: number;
  /** Largest number of connections that all pools of this process hold open together. */
  readonly maxConnections: number;
  /** Searches, summaries and batches of one product that this process has at work at the same time while other products are at work. */
  readonly heavyBesideOthers: number;
  /** CONNECTION LIMIT of each role, counted by the server over all processes. */
  readonly roleConnectionLimit: number;
  readonly backup: BackupSettings;
  /** undefined: nobody computes embeddings, clients bring theirs. */
  readonly embeddings: EmbeddingSettings | undefined;
  /** undefined: no traces are sent. */
  readonly tracing: TracingSettings | undefined;
}

/** All that is wrong with the environment, found in one pass, so that it is mended in one pass. */
export class ConfigurationError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(`The configuration is not valid:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
    this.name = 'ConfigurationError';
  }
}

const KNOWN_NAGAYA_NAMES = new Set([
  ...ALERT_NAMES,
  ...BACKUP_NAMES,
  ...EMBEDDING_NAMES,
  'NAGAYA_ROLE_PREFIX',
  'NAGAYA_ROLE_SECRET',
  'NAGAYA_ROLE_SECRET_PREVIOUS',
  'NAGAYA_BACKUP_SECRET',
  'NAGAYA_DATA_DIR',
  'NAGAYA_API_KEY',
  'NAGAYA_API_URL',
  'NAGAYA_DOCS',
  'NAGAYA_METRICS_TOKEN',
  'NAGAYA_BODY_LIMIT',
  'NAGAYA_RATE_LIMIT',
  'NAGAYA_POOL_MAX',
  'NAGAYA_MAX_CONNECTIONS',
  'NAGAYA_ROLE_CONNECTION_LIMIT',
  'NAGAYA_HEAVY_BESIDE_OTHERS',
]);
type RolesOf = (prefix: string) => readonly string[];
const MEBIBYTE = 1024 * 1024;

/**
 * Reads `.env` (development; values already in the environment win) and then the environment.
 * @param rolesOf the names of the login roles with that prefix, so that a misspelt `NAGAYA_URL_<ROLE>` is noticed
 * @param products the ids of the products that there are, so that a misspelt one of `ACTIVE_PRODUCTS` is
 * @throws ConfigurationError
 */
export function loadConfiguration(rolesOf: RolesOf, products?: readonly string[]): Configuration {
  try {
    process.loadEnvFile();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw new ConfigurationError([".env is there and can't be read: it must be a file, and this user's to read"]);
  }
  return readConfiguration(process.env, rolesOf, products);
}

/** @throws ConfigurationError naming every name that is unknown and every value that is bad */
export function readConfiguration(source: EnvironmentSource, rolesOf: RolesOf, products?: readonly string[]): Configuration {
  const reader = new EnvironmentReader(source);
  const databaseUrl = reader.postgresUrl('DATABASE_URL');
  const adminUrl = reader.postgresUrl('DATABASE_ADMIN_URL');
  const rolePrefix = reader.rolePrefix('NAGAYA_ROLE_PREFIX');
  const roleUrls = reader.roleUrls(rolesOf(rolePrefix));
  const configuration: Configuration = {
    databaseUrl: databaseUrl ?? adminUrl,
    databaseAdminUrl: adminUrl ?? (databaseUrl !== undefined && new URL(databaseUrl).username !== '' ? databaseUrl : undefined),
    roleSecret: reader.secret('NAGAYA_ROLE_SECRET'),
    roleSecretPrevious: reader.secret('NAGAYA_ROLE_SECRET_PREVIOUS'),
    backupSecret: reader.secret('NAGAYA_BACKUP_SECRET'),
    rolePrefix,
    roleUrls,
    host: reader.text('HOST') ?? '127.0.0.1',
    port: reader.integer('PORT', { default: 3000, min: 0, max: 65_535 }),
    activeProducts: reader.list('ACTIVE_PRODUCTS', products),
    migrateOnStart: reader.boolean('MIGRATE_ON_START', (databaseUrl ?? adminUrl) === undefined),
    dataDir: resolve(reader.text('NAGAYA_DATA_DIR') ?? './data'),
    logLevel: reader.oneOf('LOG_LEVEL', LOG_LEVELS, 'info'),
    apiUrl: reader.httpUrl('NAGAYA_API_URL'),
    apiKey: reader.text('NAGAYA_API_KEY'),
    docs: reader.boolean('NAGAYA_DOCS', true),
    metricsToken: reader.token('NAGAYA_METRICS_TOKEN'),
    bodyLimit: reader.integer('NAGAYA_BODY_LIMIT', { default: 32 * MEBIBYTE, min: 1024, max: 1024 * MEBIBYTE }),
    rateLimit: reader.integer('NAGAYA_RATE_LIMIT', { default: 10_000, min: 0, max: 100_000_000 }),
    poolMax: reader.integer('NAGAYA_POOL_MAX', { default: 20, min: 1, max: 20 }),
    maxConnections: reader.integer('NAGAYA_MAX_CONNECTIONS', { default: 60, min: 2, max: 10_000 }),
    heavyBesideOthers: reader.integer('NAGAYA_HEAVY_BESIDE_OTHERS', { default: 1, min: 1, max: 10_000 }),
    roleConnectionLimit: reader.integer('NAGAYA_ROLE_CONNECTION_LIMIT', { default: 60, min: 1, max: 10_000 }),
    backup: readBackupSettings(reader),
    embeddings: readEmbeddingSettings(reader),
    tracing: readTracingSettings(reader),
    ...readAlertSettings(reader),
  };
  if (configuration.databaseUrl !== undefined && configuration.roleSecret === undefined && !reader.has('NAGAYA_ROLE_SECRET')) {
    reader.problems.push(
      `NAGAYA_ROLE_SECRET is missing: on a server it derives the roles' passwords (${SECRET_MIN_LENGTH} characters or more; make one with: openssl rand -base64 48)`,
    );
  }
  if (configuration.roleSecretPrevious !== undefined && configuration.roleSecretPrevious === configuration.roleSecret) {
    reader.problems.push('NAGAYA_ROLE_SECRET_PREVIOUS is the same as NAGAYA_ROLE_SECRET; it is for the secret before that one');
  }
  reader.refuseUnknown(KNOWN_NAGAYA_NAMES);
  if (reader.problems.length > 0) throw new ConfigurationError(reader.problems);
  return configuration;
}
