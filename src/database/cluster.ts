import type { Configuration } from '../config/env.js';
import { AppError } from '../errors/app-error.js';
import { openEmbedded, startEmbedded, type EmbeddedOptions } from './embedded/embedded-server.js';
import { RoleNames } from './role-names.js';
import { rolePassword } from './role-secret.js';

/** One PostgreSQL database and how to log in to it; behind it stands a server or the embedded engine. */
export interface Cluster {
  readonly engine: 'embedded' | 'server';
  /** The migrator's login; undefined in a process that only serves. */
  readonly adminUrl: string | undefined;
  readonly roles: RoleNames;
  readonly roleSecret: string;
  /** The one before it, while roles change over: a role has the password of the one or of the other. */
  readonly previousSecret: string | undefined;
  readonly backupSecret: string | undefined;
  /** The URLs that a role may be logged in to with, the one to try first standing first. Two while roles change over. */
  readonly urlsOf: (role: string) => readonly string[];
  /** The first of them, for tools outside that take one URL. */
  readonly urlOf: (role: string) => string;
  /** Roles that have a whole URL of their own, and so a password that is not derived. */
  readonly ownLogins: ReadonlySet<string>;
  readonly close: () => Promise<void>;
}

export interface OpenClusterOptions {
  /** `serve` demands the embedded folder for itself; `visit` joins the process that has it, or opens it for a while. */
  readonly purpose: 'serve' | 'visit';
  readonly onProgress?: (step: string) => void;
  readonly log?: (level: 'info' | 'warn' | 'error', message: string) => void;
}

const first = (urlsOf: Cluster['urlsOf']) => (role: string): string => urlsOf(role)[0] ?? '';

/** @throws AppError `conflict` where another process serves from the same data folder */
export async function openCluster(configuration: Configuration, options: OpenClusterOptions): Promise<Cluster> {
  const { databaseUrl, roleSecret, roleSecretPrevious: previousSecret, backupSecret, roleUrls } = configuration;
  const roles = new RoleNames(configuration.rolePrefix);
  if (databaseUrl !== undefined && roleSecret !== undefined) {
    const urlsOf = (role: string): string[] => {
      const own = roleUrls.get(role);
      if (own !== undefined) return [own];
      const secrets = role === roles.backup ? [requireBackupSecret(backupSecret, role)] : [roleSecret, ...(previousSecret === undefined ? [] : [previousSecret])];
      return secrets.map((secret) => roleUrl(databaseUrl, role, secret));
    };
    return {
      engine: 'server',
      adminUrl: configuration.databaseAdminUrl,
      roles,
      roleSecret,
      previousSecret,
      backupSecret,
      urlsOf,
      urlOf: first(urlsOf),
      ownLogins: new Set(roleUrls.keys()),
      close: async () => {},
    };
  }
  const { onProgress, log } = options;
  return openEmbeddedCluster({ dataDir: configuration.dataDir, ...(onProgress && { onProgress }), ...(log && { log }) }, roles, options.purpose === 'serve' ? startEmbedded : openEmbedded);
}

/** A cluster on the embedded engine, whatever the configuration says; its folder is made where it is missing. */
export async function openEmbeddedCluster(options: EmbeddedOptions, roles: RoleNames, open: typeof startEmbedded = startEmbedded): Promise<Cluster> {
  const server = await open(options);
  const urlsOf = (role: string): string[] => [roleUrl(server.adminUrl, role, role === roles.backup ? server.backupSecret : server.roleSecret)];
  return {
    engine: 'embedded',
    adminUrl: server.adminUrl,
    roles,
    roleSecret: server.roleSecret,
    previousSecret: undefined,
    backupSecret: server.backupSecret,
    urlsOf,
    urlOf: first(urlsOf),
    ownLogins: new Set(),
    close: () => server.stop(),
  };
}

/** @throws AppError `unavailable` where this process has no admin login */
export function requireAdminUrl(cluster: Pick<Cluster, 'adminUrl'>): string {
  if (cluster.adminUrl !== undefined) return cluster.adminUrl;
  throw new AppError(
    'unavailable',
    'This needs the migrator\'s login: set DATABASE_ADMIN_URL (or give DATABASE_URL a user and a password).',
  );
}

function requireBackupSecret(backupSecret: string | undefined, role: string): string {
  if (backupSecret !== undefined) return backupSecret;
  throw new AppError('unavailable', `Logging in as ${role} needs NAGAYA_BACKUP_SECRET.`);
}

/** The same server, database and parameters (sslmode and the like) with another login. */
function roleUrl(base: string, role: string, secret: string): string {
  const url = new URL(base);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(rolePassword(secret, role));
  return url.href;
}
