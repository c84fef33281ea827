import type { ClientBase, QueryResult } from 'pg';
import type { DataSource, EntityManager } from 'typeorm';
import type { Queryable, StatementOptions } from './admin-connection.js';
import type { BudgetedPool } from './budgeted-pool.js';
import { StatementNames } from './statement-names.js';
import { currentUnit, runInUnit } from './unit-of-work.js';

export interface PoolState {
  readonly active: number;
  readonly idle: number;
  readonly waiting: number;
}

/**
 * One role's way to the database: a TypeORM DataSource logged in as that role, opened at its first use, so that an
 * idle product costs nothing and a product whose login fails takes nobody else down. Whatever runs through it runs
 * with that role's rights; there is no way to switch.
 */
export class RoleDatabase implements Queryable {
  private opening: Promise<DataSource> | undefined;
  private source: DataSource | undefined;
  private readonly names = new StatementNames();

  constructor(
    readonly role: string,
    private readonly makeSource: () => DataSource,
    /** The product whose it is, as rows and metrics name it; the role's own name where that is the same. */
    readonly subject: string = role,
  ) {}

  /**
   * Runs one statement, on a connection of its own or in the unit of work that is under way. Always by the extended
   * protocol, which refuses a second statement behind a semicolon also where there are no parameters.
   */
  async query<Row extends object>(sql: string, values: readonly unknown[] = [], { prepared = false }: StatementOptions = {}): Promise<Row[]> {
    const tx = this.current();
    if (tx !== undefined) return queryWithin<Row>(tx, sql, values);
    const pool = poolOf(this.source ?? (await this.open()));
    // In a transaction a stale plan would cost all that was done before it; alone, a statement is simply run again.
    const named = prepared ? this.names.of(sql) : undefined;
    if (named === undefined) return (await pool.run<Row>({ text: sql, values })).rows;
    try {
      return (await pool.run<Row>({ text: named.text, values, name: named.name })).rows;
    } catch (error) {
      if (!this.names.isStale(named, error)) throw error;
      return (await pool.run<Row>({ text: sql, values })).rows;
    }
  }

  /** For TypeORM's repositories and query builders. */
  async manager(): Promise<EntityManager> {
    return this.current() ?? (await this.open()).manager;
  }

  /** Commits what `work` did, or none of it. `work` uses only the manager it is given and awaits nothing else. */
  async transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const tx = this.current();
    return tx ? work(tx) : (await this.open()).transaction(work);
  }

  /**
   * Reads that all see one state of the database. Its beginning and its settings go over as one message, and nobody waits for its end.
   * @param settings statements that hold for this transaction, `SET LOCAL …`
   */
  async snapshot<T>(settings: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    if (this.current()) throw new Error('A unit of work has a transaction already, which is no snapshot.');
    const runner = (this.source ?? (await this.open())).createQueryRunner();
    const client = (await runner.connect()) as ClientBase;
    try {
      await client.query(`START TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; ${settings}`);
      return await work(runner.manager);
    } finally {
      // Nothing was written that could fail to be kept. A connection that can't even end it is closed when it comes back to the pool.
      void client
        .query('COMMIT')
        .catch(() => {})
        .then(() => runner.release());
    }
  }

  /**
   * One transaction around whatever `work` does with this role, however deep down: services need not know that a
   * record of theirs is to be committed together with another one.
   */
  async unitOfWork<T>(work: () => Promise<T>): Promise<T> {
    return this.transaction((tx) => runInUnit({ role: this.role, tx }, work));
  }

  /** A transaction is open around whoever asks: it must wait for nobody outside the database. */
  get isInUnitOfWork(): boolean {
    return currentUnit() !== undefined;
  }

  /** What the pool holds at this moment; zeros before the first use. */
  poolState(): PoolState {
    if (this.source === undefined) return { active: 0, idle: 0, waiting: 0 };
    const pool = poolOf(this.source);
    return { active: pool.totalCount - pool.restingCount, idle: pool.restingCount, waiting: pool.lineLength };
  }

  async close(): Promise<void> {
    const source = await this.opening?.catch(() => undefined);
    this.opening = undefined;
    this.source = undefined;
    await source?.destroy();
  }

  /** The transaction of the unit of work that is under way, if any. */
  private current(): EntityManager | undefined {
    const unit = currentUnit();
    if (unit === undefined || unit.role === this.role) return unit?.tx;
    // Awaiting a second connection while holding one deadlocks a full pool, and the embedded engine at once.
    throw new Error(`A unit of work of ${unit.role} must not wait for a connection of ${this.role}.`);
  }

  /** A failed opening is forgotten, so that the next request tries again. */
  private open(): Promise<DataSource> {
    this.opening ??= this.makeSource()
      .initialize()
      .then(
        (source) => (this.source = source),
        (error: unknown) => {
          this.opening = undefined;
          throw error;
        },
      );
    return this.opening;
  }
}

/** TypeORM's PostgreSQL driver keeps the pool it made under `master`. */
function poolOf(source: DataSource): BudgetedPool {
  return (source.driver as unknown as { master: BudgetedPool }).master;
}

async function queryWithin<Row extends object>(tx: EntityManager, sql: string, values: readonly unknown[]): Promise<Row[]> {
  const client = await connectionOf(tx);
  // Where there are values pg takes the extended protocol by itself; a configuration object it would copy first, property by property.
  const statement = values.length > 0 ? sql : { text: sql, queryMode: 'extended' };
  const result: QueryResult<Row> = await client.query<Row>(statement as string, values as unknown[]);
  return result.rows;
}

/** The connection that a transaction runs on; TypeORM hands out the driver's own client. */
function connectionOf(tx: EntityManager): Promise<ClientBase> {
  if (tx.queryRunner === undefined) throw new Error('This manager belongs to no transaction.');
  return tx.queryRunner.connect() as Promise<ClientBase>;
}
