import { DataSource } from 'typeorm';
import type { PoolClient } from 'pg';
import { notFound } from '../errors/app-error.js';
import { Attendance } from './attendance.js';
import { PoolGroup } from './budgeted-pool.js';
import type { Cluster } from './cluster.js';
import { ConnectionBudget } from './connection-budget.js';
import { checkConnection } from './connection-check.js';
import { HeavyWork } from './heavy-work.js';
import type { House } from './migrator.js';
import { RoleDatabase } from './role-database.js';
import { CONTROL_SUBJECT } from './role-names.js';

export interface PoolLimits {
  readonly poolMax: number;
  readonly maxConnections: number;
  /** As many as the pool takes where nothing is said. */
  readonly heavyBesideOthers?: number;
}

/** How long a request waits for a connection before it is told to come again, milliseconds. */
const CONNECT_TIMEOUT_MS = 5_000;
/**
 * Places that products can't take: three busy ones have room for sixty connections between them, and without these no key
 * could be looked up, and so no request of a fourth be let in. A look-up takes a millisecond, so a few serve thousands.
 */
const CONTROL_PLACES = 4;
/** An idle connection is closed after this time: many products share one server's connections. */
const IDLE_TIMEOUT_MS = 30_000;
/** A backend's memory grows with what it has touched, so even a busy one is renewed, seconds. */
const LIFETIME_S = 30 * 60;

/** How long a product that has asked for something counts as being at work, milliseconds. */
const PRESENT_MS = 5_000;

/** Every login of this process: the control role's, and each served product's own. */
export class Databases {
  readonly control: RoleDatabase;
  /** Searches and summaries. */
  readonly heavyReads: HeavyWork;
  /** Requests with large bodies. They may search, so they take places of their own. */
  readonly heavyWrites: HeavyWork;
  private readonly attendance = new Attendance(PRESENT_MS);
  private readonly products: ReadonlyMap<string, RoleDatabase>;
  private readonly pools: PoolGroup;

  /**
   * @param house what stands in the cluster
   * @param active ids of the products that this process serves
   */
  constructor(
    private readonly cluster: Cluster,
    private readonly house: House,
    active: readonly string[],
    private readonly limits: PoolLimits,
  ) {
    const besideOthers = limits.heavyBesideOthers ?? limits.poolMax;
    const isBesideOthers = (product: string): boolean => this.attendance.isAnybodyBeside(product, performance.now());
    this.heavyReads = new HeavyWork(besideOthers, isBesideOthers);
    this.heavyWrites = new HeavyWork(besideOthers, isBesideOthers);
    const places = Math.min(CONTROL_PLACES, Math.floor(limits.maxConnections / 2));
    this.pools = new PoolGroup(new ConnectionBudget(limits.maxConnections, limits.poolMax, { pool: cluster.roles.control, places }));
    this.control = this.roleDatabase(cluster.roles.control, CONTROL_SUBJECT);
    this.products = new Map(active.map((id) => [id, this.roleDatabase(cluster.roles.of(id), id)]));
  }

  /** @throws AppError `not_found` for what is not a product served here */
  product(id: string): RoleDatabase {
    const database = this.products.get(id);
    if (database === undefined) throw notFound();
    return database;
  }

  serves(id: string): boolean {
    return this.products.has(id);
  }

  /** Those of the products. */
  served(): RoleDatabase[] {
    return [...this.products.values()];
  }

  /** All of them, for metrics and for closing. */
  all(): RoleDatabase[] {
    return [this.control, ...this.products.values()];
  }

  /** Somebody asks for something of this product. */
  noteAtWork(product: string): void {
    this.attendance.note(product, performance.now());
  }

  async close(): Promise<void> {
    await Promise.all(this.all().map((database) => database.close()));
  }

  private roleDatabase(role: string, subject: string): RoleDatabase {
    return new RoleDatabase(role, () => this.dataSource(role, subject), subject);
  }

  private dataSource(role: string, subject: string): DataSource {
    const product = this.house.products.find((manifest) => manifest.id === subject);
    const urls = this.cluster.urlsOf(role);
    const { engine } = this.cluster;
    const shared = this.house.shared.flatMap((manifest) => manifest.entities);
    return new DataSource({
      type: 'postgres',
      url: urls[0],
      applicationName: `nagaya:${role}`,
      entities: [...shared, ...(product?.entities ?? [])],
      installExtensions: false,
      uuidExtension: 'pgcrypto',
      synchronize: false,
      logging: false,
      driver: this.pools.driver(role, urls),
      poolSize: this.limits.poolMax,
      connectTimeoutMS: CONNECT_TIMEOUT_MS,
      // An idle connection that the server closed is replaced at the next request; that is no news.
      poolErrorHandler: () => {},
      extra: {
        idleTimeoutMillis: IDLE_TIMEOUT_MS,
        maxLifetimeSeconds: LIFETIME_S,
        keepAlive: true,
        onConnect: (client: PoolClient) => checkConnection(client, { role, roles: this.cluster.roles, ...this.house, engine }),
      },
    });
  }
}
