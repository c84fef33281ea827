import type { Configuration } from '../config/env.js';
import { AppError } from '../errors/app-error.js';
import { openEmbedded, startEmbedded } from './embedded/embedded-server.js';
import { BACKUP_ROLE } from './role-names.js';
import { rolePassword } from './role-secret.js';

/** One PostgreSQL database and how to log in to it; behind it stands a server or the embedded engine. */
export interface Cluster {
  readonly engine: 'embedded' | 'server';
  /** The migrator's login; undefined in a process that only serves. */
  readonly adminUrl: string | undefined;
  readonly roleSecret: string;
  readonly backupSecret: string | undefined;
  readonly urlOf: (role: string) => string;
  readonly close: () => Promise<void>;
}

export interface OpenClusterOptions {
  /** `serve` demands the embedded folder for itself; `visit` joins the process that has it, or opens it for a while. */
  readonly purpose: 'serve' | 'visit';
  readonly onProgress?: (step: string) => void;
  readonly log?: (level: 'info' | 'warn' | 'error', message: string) => void;
}

/** @throws AppError `conflict` where another process serves from the same data folder */
export async function openCluster(configuration: Configuration, options: OpenClusterOptions): Promise<Cluster> {
  const { databaseUrl, roleSecret } = configuration;
  if (databaseUrl !== undefined && roleSecret !== undefined) {
    return {
      engine: 'server',
      adminUrl: configuration.databaseAdminUrl,
      roleSecret,
      backupSecret: configuration.backupSecret,
      urlOf: (role) => configuration.roleUrls.get(role) ?? roleUrl(databaseUrl, role, secretOf(role, roleSecret, configuration.backupSecret)),
      close: async () => {},
    };
  }
  const open = options.purpose === 'serve' ? startEmbedded : openEmbedded;
  const server = await open({
    dataDir: configuration.dataDir,
    ...(options.onProgress && { onProgress: options.onProgress }),
    ...(options.log && { log: options.log }),
  });
  return {
    engine: 'embedded',
    adminUrl: server.adminUrl,
    roleSecret: server.roleSecret,
    backupSecret: server.backupSecret,
    urlOf: (role) => roleUrl(server.adminUrl, role, secretOf(role, server.roleSecret, server.backupSecret)),
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

function secretOf(role: string, roleSecret: string, backupSecret: string | undefined): string {
  if (role !== BACKUP_ROLE) return roleSecret;
  if (backupSecret !== undefined) return backupSecret;
  throw new AppError('unavailable', `Logging in as ${BACKUP_ROLE} needs NAGAYA_BACKUP_SECRET.`);
}

/** The same server, database and parameters (sslmode and the like) with another login. */
function roleUrl(base: string, role: string, secret: string): string {
  const url = new URL(base);
  url.username = encodeURIComponent(role);
  url.password = encodeURIComponent(rolePassword(secret, role));
  return url.href;
}
