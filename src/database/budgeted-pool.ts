import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterRefusal } from './after-refusal.js';
import type { ConnectionBudget } from './connection-budget.js';
import { isWrongPassword } from './login.js';
import { sendAndRelease, type Statement } from './send-and-release.js';
import { STATEMENT_BEGINS, tellStatements } from './statement-channel.js';
import { takenFromPool, WarmConnections, type WarmConnection } from './warm-connections.js';

type ConnectCallback = (error: Error | undefined, client: pg.PoolClient | undefined, release: (reason?: boolean | Error) => void) => void;

/** A connection takes a millisecond to close; how often who needs its place looks, and when it no longer counts. */
const CLOSING_POLL_MS = 2;
const CLOSING_TIMEOUT_MS = 1_000;
/** ReadyForQuery's word for "no transaction open". */
const IDLE = 'I';

/**
 * The pools of this process. Together they keep the cap on connections at work and at rest; apart, each is an
 * ordinary `pg.Pool`. Given to TypeORM as its driver, which then makes pools of this kind.
 */
export class PoolGroup {
  private readonly pools = new Set<BudgetedPool>();

  constructor(readonly budget: ConnectionBudget) {}

  /**
   * What TypeORM takes for the `pg` module, with pools of this group's kind.
   * @param urls the ways to log in, the first one tried first
   */
  driver(name: string, urls: readonly string[]): object {
    // TypeORM calls `new driver.Pool(options)`; a class bound to this group is the one thing it lets us hand in.
    const group = this;
    class GroupPool extends BudgetedPool {
      constructor(options: pg.PoolConfig) {
        super(group, name, options, urls);
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

  /** Whether one more connection may be opened: those at work, idle, being opened and being closed all count. */
  hasRoom(): boolean {
    const open = [...this.pools].reduce((sum, pool) => sum + pool.openCount, 0);
    return open < this.budget.size;
  }

  /** Closes an idle connection of another pool, or waits a moment where none is free to be closed just now. */
  async makeRoom(asking: BudgetedPool): Promise<void> {
    const [idle] = [...this.pools].filter((pool) => pool !== asking && pool.spareCount > 0).sort((a, b) => b.spareCount - a.spareCount);
    await (idle?.dropIdle() ?? sleep(CLOSING_POLL_MS));
  }
}

export class BudgetedPool extends pg.Pool {
  /** Idle connections of pg's pool that are promised to those who are about to take them. */
  private claimed = 0;
  private readonly warm = new WarmConnections((connection) => this.giveBack(connection, false));
  /** Connections that the pool has given up and the server may still have, and what to do when it has not. */
  private readonly closing = new Map<pg.PoolClient, () => void>();

  constructor(
    private readonly group: PoolGroup,
    private readonly name: string,
    options: pg.PoolConfig,
    private readonly urls: readonly string[] = [],
  ) {
    super(options);
    this.on('remove', (client: pg.PoolClient) => this.closing.get(client)?.());
    // The server may end one that is at rest here; the statements of one at work tell their callers themselves.
    this.on('connect', (client: pg.PoolClient) => client.on('error', () => this.lose(client)));
  }

  /** Connections that nobody uses: those of pg's pool, and those that are warm. */
  get restingCount(): number {
    return this.idleCount + this.warm.count;
  }

  get openCount(): number {
    return this.totalCount + this.closing.size;
  }

  get spareCount(): number {
    return this.restingCount - this.claimed;
  }

  /** Those who wait for a connection of this pool. */
  get lineLength(): number {
    return this.waitingCount + this.group.budget.waitingFor(this.name);
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
    this.warm.empty();
    return callback === undefined ? super.end() : super.end(callback);
  }

  /** One statement, on a connection of its own. By the extended protocol, which takes no second one behind a semicolon. */
  run<Row extends object>(statement: Statement): Promise<pg.QueryResult<Row>> {
    const warm = this.lendWarm();
    if (warm !== undefined) return sendAndRelease<Row>(warm, statement);
    return this.connectWithinBudget().then((client) => sendAndRelease<Row>(client, statement));
  }

  /** Takes an idle connection out and closes it: the public way to shrink a pool. Waits until it is closed. */
  async dropIdle(): Promise<void> {
    const warm = this.warm.take();
    if (warm !== undefined) return new Promise<void>((resolve) => this.giveBack(warm, true, resolve));
    const client = await this.takeIdle();
    await new Promise<void>((resolve) => this.letGo(client, true, resolve));
  }

  /** What is there is lent without a promise. */
  private lendWarm(): pg.PoolClient | undefined {
    if (this.warm.count === 0) return undefined;
    const releaseSlot = this.group.budget.tryAcquire(this.name);
    return releaseSlot === undefined ? undefined : this.lend(this.warm.take()!, releaseSlot);
  }

  private async connectWithinBudget(): Promise<pg.PoolClient> {
    const releaseSlot = await this.group.budget.acquire(this.name, this.options.connectionTimeoutMillis ?? 5_000);
    try {
      this.group.register(this);
      return this.lend(await this.checkOut(), releaseSlot);
    } catch (error) {
      releaseSlot();
      // A pool that could not be opened is thrown away by who wanted it, without a word to us.
      if (this.openCount === 0) this.group.unregister(this);
      throw error;
    }
  }

  private lend(connection: WarmConnection, releaseSlot: () => void): pg.PoolClient {
    const { client } = connection;
    if (STATEMENT_BEGINS.hasSubscribers) tellStatements(client, this.name);
    client.release = (reason) => {
      client.release = () => {
        throw new Error('This connection was given back already.');
      };
      if (reason instanceof pg.DatabaseError) void afterRefusal(client).then((isFit) => this.takeBack(connection, isFit ? false : reason, releaseSlot));
      // A connection that comes back in the middle of a transaction is closed, not reused: the next request must not
      // find itself inside somebody else's.
      else this.takeBack(connection, reason ?? client.getTransactionStatus() !== IDLE, releaseSlot);
    };
    return client;
  }

  private takeBack(connection: WarmConnection, fault: boolean | Error, onFree: () => void): void {
    if (fault === false && !this.ending && this.warm.keep(connection)) onFree();
    else this.giveBack(connection, fault, onFree);
  }

  /** To pg's pool. */
  private giveBack({ client, release }: WarmConnection, fault: boolean | Error, onFree: () => void = () => {}): void {
    client.release = release;
    this.letGo(client, fault, onFree);
  }

  private lose(client: pg.PoolClient): void {
    const lost = this.warm.takeOut(client);
    if (lost !== undefined) this.giveBack(lost, true);
  }

  /** An idle connection, or a new one within the group's cap. What is counted here is up to date: nothing is awaited in between. */
  private async checkOut(): Promise<WarmConnection> {
    for (;;) {
      const warm = this.warm.take();
      if (warm !== undefined) return warm;
      if (this.spareCount > 0) return takenFromPool(await this.takeIdle());
      if (this.idleCount === 0 && this.group.hasRoom()) return takenFromPool(await this.logIn());
      // Whoever was promised an idle connection takes it before the next turn of the event loop.
      await (this.idleCount > 0 ? nextTurn() : this.group.makeRoom(this));
    }
  }

  /** While the secret is being changed, the role's password is one of two: where one is refused, the other is tried, and kept. */
  private async logIn(): Promise<pg.PoolClient> {
    for (let attempt = 1; ; attempt++) {
      const tried = this.options.connectionString;
      try {
        return await super.connect();
      } catch (error) {
        const other = this.urls.find((url) => url !== tried);
        // Three: the role may change over between the first and the second.
        if (other === undefined || !isWrongPassword(error) || attempt === 3) throw error;
        // Who failed beside this one may have changed it already.
        if (this.options.connectionString === tried) this.options.connectionString = other;
      }
    }
  }

  private async takeIdle(): Promise<pg.PoolClient> {
    this.claimed++;
    try {
      return await super.connect();
    } finally {
      this.claimed--;
    }
  }

  /** Gives a connection back to the pool; where the pool closes it, its place is free only when it is closed. */
  private letGo(client: pg.PoolClient, reason: boolean | Error, onFree: () => void): void {
    const before = this.totalCount;
    let timer: NodeJS.Timeout | undefined;
    const close = (): void => {
      clearTimeout(timer);
      if (this.closing.delete(client)) onFree();
    };
    this.closing.set(client, close);
    client.release(reason);
    if (this.totalCount === before) close();
    // A server that has gone silent answers no goodbye.
    else timer = setTimeout(close, CLOSING_TIMEOUT_MS).unref();
  }
}
