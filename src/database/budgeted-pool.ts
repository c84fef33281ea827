import pg from 'pg';
import type { ConnectionBudget, ReleaseSlot } from './connection-budget.js';

type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, release: (reason?: boolean | Error) => void) => void;

/** ReadyForQuery's word for "no transaction open". */
const IDLE = 'I';

/**
 * The pools of this process. Together they keep the cap on connections at work and at rest; apart, each is an
 * ordinary `pg.Pool`. Given to TypeORM as its driver, which then makes pools of this kind.
 */
export class PoolGroup {
  private readonly pools = new Set<BudgetedPool>();
  private arriving = 0;

  constructor(readonly budget: ConnectionBudget) {}

  /** What TypeORM takes for the `pg` module, with pools of this group's kind. */
  driver(name: string): object {
    // TypeORM calls `new driver.Pool(options)`; a class bound to this group is the one thing it lets us hand in.
    const group = this;
    class GroupPool extends BudgetedPool {
      constructor(options: pg.PoolConfig) {
        super(group, name, options);
      }
    }
    return { ...pg, Pool: GroupPool };
  }

  register(pool: BudgetedPool): void {
    this.pools.add(pool);
  }

  unregister(pool: BudgetedPool): void {
    this.pools.delete(pool);
  }

  /** Connections open now, at work or idle. */
  get open(): number {
    return [...this.pools].reduce((sum, pool) => sum + pool.totalCount, 0);
  }

  /**
   * Lets `open` make a new connection, after closing idle ones of other pools where there is no room for it. Those on
   * their way count too: two that ask at once must not both take the last place.
   */
  async withRoom<T>(asking: BudgetedPool, open: () => Promise<T>): Promise<T> {
    this.arriving++;
    try {
      while (this.open + this.arriving > this.budget.size) {
        const idle = [...this.pools].filter((pool) => pool !== asking && pool.idleCount > 0).sort((a, b) => b.idleCount - a.idleCount)[0];
        if (idle === undefined) break;
        await idle.dropIdle();
      }
    } finally {
      this.arriving--;
    }
    // No await in between: from here on the pool itself counts the new connection.
    return open();
  }
}

export class BudgetedPool extends pg.Pool {
  constructor(
    private readonly group: PoolGroup,
    private readonly name: string,
    options: pg.PoolConfig,
  ) {
    super(options);
    group.register(this);
  }

  override connect(): Promise<pg.PoolClient>;
  override connect(callback: ConnectCallback): void;
  override connect(callback?: ConnectCallback): Promise<pg.PoolClient> | void {
    const connecting = this.connectWithinBudget();
    if (callback === undefined) return connecting;
    connecting.then(
      (client) => callback(undefined, client, (reason) => client.release(reason)),
      (error: unknown) => callback(error instanceof Error ? error : new Error(String(error)), undefined, () => {}),
    );
  }

  override end(): Promise<void>;
  override end(callback: () => void): void;
  override end(callback?: () => void): Promise<void> | void {
    this.group.unregister(this);
    return callback === undefined ? super.end() : super.end(callback);
  }

  /** Takes an idle connection out and closes it: the public way to shrink a pool. */
  async dropIdle(): Promise<void> {
    if (this.idleCount === 0) return;
    const client = await super.connect();
    client.release(true);
  }

  private async connectWithinBudget(): Promise<pg.PoolClient> {
    const releaseSlot = await this.group.budget.acquire(this.name, this.options.connectionTimeoutMillis ?? 5_000);
    try {
      const client = this.idleCount > 0 ? await super.connect() : await this.group.withRoom(this, () => super.connect());
      return withSafeRelease(client, releaseSlot);
    } catch (error) {
      releaseSlot();
      throw error;
    }
  }
}

/**
 * A connection that comes back in the middle of a transaction is closed, not reused: the next request must not
 * find itself inside somebody else's.
 */
function withSafeRelease(client: pg.PoolClient, releaseSlot: ReleaseSlot): pg.PoolClient {
  const release = client.release.bind(client);
  client.release = (reason) => {
    releaseSlot();
    release(reason ?? client.getTransactionStatus() !== IDLE);
  };
  return client;
}
