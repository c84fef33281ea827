import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readConfiguration } from '../../../src/config/env.js';
import { withAdmin } from '../../../src/database/admin-connection.js';
import { GROUND_RULES, inspectAccess, TABLE_RULES } from '../../../src/database/access/repair.js';
import { WATCH_RULES } from '../../../src/database/access/watch.js';
import { withoutArchived } from '../../../src/database/archived-schemas.js';
import { openCluster, requireAdminUrl, type Cluster } from '../../../src/database/cluster.js';
import { Databases } from '../../../src/database/databases.js';
import { inspectDrift } from '../../../src/database/drift/inspect-drift.js';
import { readHistories } from '../../../src/database/migrations/history.js';
import { planAccess, type MigrationReport } from '../../../src/database/migrator.js';
import { quoteIdent } from '../../../src/database/quote-ident.js';
import { RoleNames } from '../../../src/database/role-names.js';
import { houseOf } from '../../../src/house.js';
import { migrateHouse } from '../../../src/migrate-house.js';
import { PRODUCTS } from '../../../src/products/index.js';
import { asSuperuser, dropDatabase, urlOfDatabase } from '../../support/postgres-server.js';
import { nagaya } from '../../support/process.js';

/** What is built, without the tests' own products. */
export const HOUSE = houseOf(PRODUCTS);

/** A deployment of the built product with roles, a secret, a migrator and a database of its own, run as real processes. */
export class Deployment {
  readonly database: string;
  readonly migrator: string;

  private constructor(
    readonly prefix: string,
    private readonly folder: string,
  ) {
    this.database = `nagaya_test_${prefix}`;
    this.migrator = `${prefix}_migrator`;
  }

  /** On a server that may still have what a killed run has left of it. */
  static async prepare(prefix: string): Promise<Deployment> {
    const deployment = new Deployment(prefix, await mkdtemp(join(tmpdir(), `nagaya-${prefix}-`)));
    await deployment.clear();
    await asSuperuser('postgres', `CREATE ROLE ${deployment.migrator} LOGIN CREATEROLE PASSWORD 'only good for tests'`);
    await deployment.createDatabase(deployment.database);
    return deployment;
  }

  /** Another one beside its own; the name begins as its own does. */
  async createDatabase(name: string): Promise<void> {
    await asSuperuser('postgres', `CREATE DATABASE ${name} OWNER ${this.migrator} ENCODING 'UTF8' TEMPLATE template0`);
    await asSuperuser(name, `CREATE SCHEMA extensions AUTHORIZATION ${this.migrator}`, 'CREATE EXTENSION vector SCHEMA extensions');
  }

  get env(): Record<string, string> {
    return {
      DATABASE_URL: this.migratorUrl(this.database),
      NAGAYA_ROLE_PREFIX: this.prefix,
      NAGAYA_ROLE_SECRET: `the secret of ${this.prefix}, long enough for a test`,
      NAGAYA_BACKUP_SECRET: `the other secret of ${this.prefix}, long enough too`,
      NAGAYA_BACKUP_TO: this.folder,
      NAGAYA_ROLE_CONNECTION_LIMIT: '10',
    };
  }

  migratorUrl(database: string): string {
    const url = new URL(urlOfDatabase(database));
    url.username = this.migrator;
    url.password = encodeURIComponent('only good for tests');
    return url.href;
  }

  open(env: Record<string, string> = {}): Promise<Cluster> {
    const configuration = readConfiguration({ ...this.env, ...env }, (prefix) => new RoleNames(prefix).logins(PRODUCTS));
    return openCluster(configuration, { purpose: 'visit' });
  }

  async migrate(env: Record<string, string> = {}): Promise<MigrationReport> {
    return migrateHouse(await this.open(env), HOUSE, { roleConnectionLimit: 10 });
  }

  /** With the logins of its products and of the control role. */
  async withDatabases<T>(work: (databases: Databases, cluster: Cluster) => Promise<T>): Promise<T> {
    const cluster = await this.open();
    const databases = new Databases(cluster, HOUSE, PRODUCTS.map(({ id }) => id), { poolMax: 1, maxConnections: 4 });
    try {
      return await work(databases, cluster);
    } finally {
      await databases.close();
    }
  }

  /** What `doctor --drift` finds. */
  async diagnose(env: Record<string, string> = {}): Promise<{ errors: string[]; warnings: string[]; drift: Record<string, string> }> {
    const cluster = await this.open(env);
    return withAdmin(requireAdminUrl(cluster), async (admin) => {
      const house = await withoutArchived(admin, HOUSE);
      const manifests = [...house.shared, ...house.products];
      const plan = await planAccess(admin, cluster, house, 10);
      const findings = await inspectAccess(admin, plan, [...GROUND_RULES, ...TABLE_RULES, ...WATCH_RULES]);
      const reports = await inspectDrift(admin, plan, manifests, await readHistories(admin, manifests.map(({ id }) => id), cluster.roles.owner));
      const told = (severity: string): string[] => findings.filter((finding) => finding.severity === severity).map(({ detail }) => detail);
      return { errors: told('error'), warnings: told('warning'), drift: Object.fromEntries(reports.map(({ schema, state }) => [schema, state])) };
    });
  }

  /** A verb of the built command line that does not fail, and the JSON that it prints. */
  async run(args: readonly string[], env: Record<string, string> = {}): Promise<unknown> {
    const ended = await nagaya([...args, '--json'], { ...this.env, ...env });
    if (ended.status !== 0) throw new Error(`${args.join(' ')}: ${ended.stderr}${ended.stdout}`);
    return JSON.parse(ended.stdout);
  }

  async roleUrl(role: string, database = this.database): Promise<string> {
    const url = new URL((await this.open()).urlOf(role));
    url.pathname = `/${database}`;
    return url.href;
  }

  async remove(): Promise<void> {
    await this.clear();
    await rm(this.folder, { recursive: true, force: true });
  }

  private async clear(): Promise<void> {
    const [databases] = await asSuperuser('postgres', `SELECT datname AS name FROM pg_database WHERE starts_with(datname, '${this.database}')`);
    for (const { name } of (databases?.rows ?? []) as { name: string }[]) await dropDatabase(name);
    const [roles] = await asSuperuser('postgres', `SELECT rolname AS name FROM pg_roles WHERE starts_with(rolname, '${this.prefix}_') ORDER BY rolname = '${this.migrator}'`);
    for (const { name } of (roles?.rows ?? []) as { name: string }[]) await asSuperuser('postgres', `DROP OWNED BY ${quoteIdent(name)}`, `DROP ROLE ${quoteIdent(name)}`);
  }
}
