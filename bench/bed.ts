import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { ApiKeysService } from '../src/auth/api-keys.service.js';
import { readConfiguration, type Configuration } from '../src/config/env.js';
import { openCluster, type Cluster } from '../src/database/cluster.js';
import { Databases } from '../src/database/databases.js';
import type { ProductManifest } from '../src/database/manifest.js';
import type { House } from '../src/database/migrator.js';
import { quoteIdent } from '../src/database/quote-ident.js';
import { houseOf } from '../src/house.js';
import { migrateHouse } from '../src/migrate-house.js';
import { PRODUCTS } from '../src/products/index.js';
import { startServing, type ServingProcess } from './serving-process.js';

/** The tests' own, so that both may use one server: roles belong to the whole server and carry the mark of one secret. */
const SECRET = 'a secret that is only good for tests, and long enough';

const BACKUP_SECRET = 'a backup secret that is only good for tests';

/** A migrated database of its own for one benchmark. */
export interface BenchHouse {
  readonly house: House;
  readonly configuration: Configuration;
  readonly cluster: Cluster;
  readonly databases: Databases;
  /** A superuser's URL of this database. */
  readonly adminUrl: string;
}

/** A process that serves, on a house of its own, with keys to call it by. */
export interface BenchService extends ServingProcess {
  readonly house: BenchHouse;
  readonly operatorKey: string;
  readonly productKey: string;
}

export interface BedWish {
  /** The parts of benchmarks that are wanted; none: all. */
  readonly parts?: readonly string[];
  /** Databases with a name stay when the benchmark is over, and are found as they are by the next run. */
  readonly keep?: boolean;
}

/** What a benchmark stands on: a real server, databases on it, and serving processes. All of it is taken away at the end. */
export class Bed {
  private readonly undo: (() => Promise<void>)[] = [];
  readonly notes: string[] = [];

  constructor(
    /** A superuser's URL of the server. */
    readonly adminUrl: string,
    /** Small sizes, to see that a benchmark works; its figures mean nothing. */
    readonly quick: boolean,
    readonly secret: string = SECRET,
    private readonly wish: BedWish = {},
  ) {}

  /** Whether this part of a benchmark is wanted. */
  wants(part: string): boolean {
    const { parts = [] } = this.wish;
    return parts.length === 0 || parts.includes(part);
  }

  /** A remark that is printed under the figures: sizes, settings, what was left out. */
  note(text: string): void {
    this.notes.push(text);
  }

  /** Something to be undone when the benchmark is over, last first. */
  defer(step: () => Promise<void>): void {
    this.undo.push(step);
  }

  async freshHouse(products: readonly ProductManifest[] = PRODUCTS, adminUrl?: string): Promise<BenchHouse> {
    adminUrl ??= await this.freshDatabase();
    const configuration = readConfiguration({ DATABASE_URL: adminUrl, NAGAYA_ROLE_SECRET: this.secret, NAGAYA_BACKUP_SECRET: BACKUP_SECRET, NAGAYA_RATE_LIMIT: '0', PORT: '0', LOG_LEVEL: 'warn' }, () => []);
    const house = houseOf(products);
    const cluster = await openCluster(configuration, { purpose: 'serve' });
    this.defer(() => cluster.close());
    const report = await migrateHouse(cluster, house, { roleConnectionLimit: configuration.roleConnectionLimit });
    const failed = report.schemas.find((outcome) => outcome.error !== undefined);
    if (failed) throw failed.error;
    const databases = new Databases(cluster, house, products.map((product) => product.id), configuration);
    this.defer(() => databases.close());
    return { house, configuration, cluster, databases, adminUrl };
  }

  /** An empty database on the server. @returns a superuser's URL of it */
  async freshDatabase(): Promise<string> {
    const name = `nagaya_bench_${randomBytes(4).toString('hex')}`;
    await this.asSuperuser(`CREATE DATABASE ${quoteIdent(name)} ENCODING 'UTF8' TEMPLATE template0`);
    this.defer(() => this.asSuperuser(`DROP DATABASE IF EXISTS ${quoteIdent(name)} WITH (FORCE)`));
    const url = new URL(this.adminUrl);
    url.pathname = `/${name}`;
    return url.href;
  }

  /** A database that takes long to fill: where databases are kept, it may hold what an earlier run wrote. @returns a superuser's URL of it */
  async keptDatabase(name: string): Promise<string> {
    if (!this.wish.keep) return this.freshDatabase();
    const url = new URL(this.adminUrl);
    url.pathname = `/nagaya_bench_kept_${name}`;
    await this.asSuperuser(`CREATE DATABASE ${quoteIdent(url.pathname.slice(1))} ENCODING 'UTF8' TEMPLATE template0`).catch((error: unknown) => {
      if ((error as { code?: string }).code !== '42P04') throw error; // It is there already.
    });
    return url.href;
  }

  /**
   * `nagaya start` as a process of its own, as it runs in production, with an operator's key and one of coding_rule2.
   * @param adminUrl of a database to run on; default: a fresh one
   */
  async service(environment: Readonly<Record<string, string>> = {}, adminUrl?: string): Promise<BenchService> {
    const house = await this.freshHouse(PRODUCTS, adminUrl);
    const keys = new ApiKeysService(house.databases);
    const operatorKey = (await keys.create({ name: 'bench' })).key;
    const productKey = (await keys.create({ name: 'bench', productId: 'coding_rule2' })).key;
    const serving = await startServing({ DATABASE_URL: house.adminUrl, NAGAYA_ROLE_SECRET: this.secret, NAGAYA_RATE_LIMIT: '0', LOG_LEVEL: 'error', ...environment });
    this.defer(() => serving.stop());
    return { ...serving, house, operatorKey, productKey };
  }

  /** Stops processes and drops databases, whatever happened. */
  async clear(): Promise<void> {
    for (const step of this.undo.splice(0).toReversed()) await step();
    this.notes.length = 0;
  }

  /** @param url of a database; default: the server's own */
  async asSuperuser(statement: string, url = this.adminUrl): Promise<void> {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  }
}
