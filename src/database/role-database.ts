import type { DataSource, EntityManager } from 'typeorm';
import type { QueryResult } from 'pg';
import type { Queryable } from './admin-connection.js';
import type { BudgetedPool } from './budgeted-pool.js';

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

  constructor(
    readonly role: string,
    private readonly makeSource: () => DataSource,
  ) {}

  /**
   * Runs one statement on a connection of its own. Always by the extended protocol, which refuses a second statement
   * behind a semicolon also where there are no parameters.
   */
  async query<Row extends object>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
    const pool = poolOf(await this.open());
    const config = { text: sql, values: [...values], queryMode: 'extended' };
    const result: QueryResult<Row> = await pool.query<Row>(config);
    return result.rows;
  }

  /** For TypeORM's repositories and query builders outside a transaction. */
  async manager(): Promise<EntityManager> {
    return (await this.open()).manager;
  }

  /** Commits what `work` did, or none of it. `work` uses only the manager it is given and awaits nothing else. */
  async transaction<T>(work: (tx: EntityManager) => Promise<T>): Promise<T> {
    return (await this.open()).transaction(work);
  }

  /** What the pool holds at this moment; zeros before the first use. */
  poolState(): PoolState {
    if (this.source === undefined) return { active: 0, idle: 0, waiting: 0 };
    const pool = poolOf(this.source);
    return { active: pool.totalCount - pool.idleCount, idle: pool.idleCount, waiting: pool.waitingCount };
  }

  async close(): Promise<void> {
    const source = await this.opening?.catch(() => undefined);
    this.opening = undefined;
    this.source = undefined;
    await source?.destroy();
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
