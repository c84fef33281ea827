import type { Command } from 'commander';

/** A verb of the command line. What carries it out is loaded only where it is the one that was asked for. */
export interface Verb {
  /** Its name, and the arguments that it takes. */
  readonly usage: string;
  readonly summary: string;
  /** Gives a command its options, its verbs and what it does. */
  readonly load: () => Promise<(command: Command) => void>;
}

/** In the order in which `nagaya --help` lists them. */
export const VERBS: readonly Verb[] = [
  {
    usage: 'start',
    summary: 'serve the API; without DATABASE_URL on the embedded database in ./data',
    load: async () => (await import('./start.js')).defineStart,
  },
  {
    usage: 'worker',
    summary: 'run the jobs that need more rights than serving has: backups and drills; on a server only (with the embedded engine, serving does them)',
    load: async () => (await import('./worker.js')).defineWorker,
  },
  {
    usage: 'demo',
    summary: 'play a working day of a coding assistant through the API, then search it',
    load: async () => (await import('./demo.js')).defineDemo,
  },
  {
    usage: 'migrate',
    summary: 'make roles, schemas, tables, grants and policies what this release needs',
    load: async () => (await import('./migrate.js')).defineMigrate,
  },
  {
    usage: 'rollback',
    summary: 'take back the newest migration of one schema, one step',
    load: async () => (await import('./rollback.js')).defineRollback,
  },
  {
    usage: 'status',
    summary: 'which database, and how far each schema is migrated',
    load: async () => (await import('./status.js')).defineStatus,
  },
  {
    usage: 'doctor',
    summary: 'compare roles, grants and policies with what the manifests say; exit 1 where isolation or service is at risk',
    load: async () => (await import('./doctor.js')).defineDoctor,
  },
  {
    usage: 'health',
    summary: 'look at every schema now, keep what is seen, and say what is wrong; exit 1 where something is critical or can not be seen',
    load: async () => (await import('./health.js')).defineHealth,
  },
  {
    usage: 'alerts',
    summary: 'what is wrong, and whom it is told',
    load: async () => (await import('./alerts.js')).defineAlerts,
  },
  {
    usage: 'key',
    summary: 'API keys',
    load: async () => (await import('./key.js')).defineKey,
  },
  {
    usage: 'product',
    summary: 'the products of the cluster',
    load: async () => (await import('./product.js')).defineProduct,
  },
  {
    usage: 'backup',
    summary: 'backups: make, list and prove them',
    load: async () => (await import('./backup.js')).defineBackup,
  },
  {
    usage: 'restore',
    summary: 'restore a backup: one schema in place or beside the live one, or a full backup into an empty database',
    load: async () => (await import('./restore.js')).defineRestore,
  },
  {
    usage: 'export <product>',
    summary: 'write all that a product has as JSON Lines; see docs/export.md',
    load: async () => (await import('./export.js')).defineExport,
  },
  {
    usage: 'import <file>',
    summary: 'read what export has written, into the product that it names; - reads standard input',
    load: async () => (await import('./import.js')).defineImport,
  },
  {
    usage: 'reembed',
    summary: 'compute anew every embedding that is missing or of another model; see docs/search.md',
    load: async () => (await import('./reembed.js')).defineReembed,
  },
  {
    usage: 'mcp',
    summary: 'the Model Context Protocol over standard input and output, for assistants that start their servers; see docs/assistants.md',
    load: async () => (await import('./mcp.js')).defineMcp,
  },
  {
    usage: 'url <role>',
    summary: 'print a psql URL that logs in as a role (for admins: it holds the password)',
    load: async () => (await import('./url.js')).defineUrl,
  },
  {
    usage: 'secret',
    summary: "the secret that the roles' passwords are derived from",
    load: async () => (await import('./secret.js')).defineSecret,
  },
];
