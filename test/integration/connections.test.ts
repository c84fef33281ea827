import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { DataSource } from 'typeorm';
import { BudgetedPool, PoolGroup } from '../../src/database/budgeted-pool.js';
import { requireAdminUrl, type Cluster } from '../../src/database/cluster.js';
import { ConnectionBudget } from '../../src/database/connection-budget.js';
import { Databases } from '../../src/database/databases.js';
import { quoteIdent } from '../../src/database/quote-ident.js';
import { RoleDatabase } from '../../src/database/role-database.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_HOUSE } from '../support/test-house.js';

let database: TestDatabase;
let open: OpenTestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  open = await openTestDatabase(database);
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

describe('a pool', () => {
  let budget: ConnectionBudget;
  let pool: BudgetedPool;
  beforeEach(() => {
    budget = new ConnectionBudget(2);
    pool = new BudgetedPool(new PoolGroup(budget), 'tea_house', { connectionString: open.cluster.urlOf('tea_house'), max: 2 });
  });
  afterEach(() => pool.end());

  /** A connection is closed, not kept, and what it had begun is gone: its place is free as soon as it is. */
  /** The place of a closed connection is free when the server has let go of it, which is a moment later. */
  async function slotsAreBack(): Promise<void> {
    while (budget.inUse > 0) await sleep(5);
  }

  async function expectClosed(): Promise<void> {
    const next = await pool.connect();
    expect(next.getTransactionStatus()).toBe('I');
    const { rows } = await next.query(`SELECT name FROM teas WHERE name = 'half done'`);
    expect(rows).toEqual([]);
    next.release();
    expect(pool.totalCount).toBe(1);
  }

  test('keeps a connection that comes back at rest', async () => {
    const client = await pool.connect();
    await client.query('SELECT 1');
    client.release();
    expect([pool.totalCount, pool.restingCount, budget.inUse]).toEqual([1, 1, 0]);
    const again = await pool.connect();
    expect(again).toBe(client);
    again.release();
  });

  test('lends one that has just come back at once, and says so where it is given back twice', async () => {
    const client = await pool.connect();
    client.release();
    expect(() => client.release()).toThrow('given back already');
    expect([pool.totalCount, pool.restingCount, budget.inUse]).toEqual([1, 1, 0]);
  });

  test('replaces one that is lost while it rests', async () => {
    const client = await pool.connect();
    client.release();
    (client as unknown as { connection: { stream: Socket } }).connection.stream.destroy();
    while (pool.totalCount > 0) await sleep(5);
    expect(pool.restingCount).toBe(0);
    const { rows } = await pool.run({ text: 'SELECT 1 AS one', values: [] });
    expect(rows).toEqual([{ one: 1 }]);
  });

  test('closes one that rests where room is needed', async () => {
    (await pool.connect()).release();
    await pool.dropIdle();
    expect([pool.totalCount, pool.restingCount]).toEqual([0, 0]);
  });

  test('has the connection of a statement back, whatever came of it', async () => {
    expect((await pool.run({ text: 'SELECT $1::int AS given', values: [7], name: 'given' })).rows).toEqual([{ given: 7 }]);
    await expect(pool.run({ text: 'SELECT no_such_column', values: [] })).rejects.toMatchObject({ code: '42703' });
    await slotsAreBack();
    await expect(pool.run({ text: 'SELECT $1::int', values: ['seven'] })).rejects.toMatchObject({ code: '22P02' });
    await slotsAreBack();
    const unprintable = { toPostgres: () => { throw new Error('It can not be sent.'); } };
    await expect(pool.run({ text: 'SELECT $1::text', values: [unprintable] })).rejects.toThrow('It can not be sent.');
    await slotsAreBack();
    expect((await Promise.all([1, 2, 3, 4].map((n) => pool.run({ text: 'SELECT $1::int AS n', values: [n] })))).map(({ rows }) => rows)).toEqual([1, 2, 3, 4].map((n) => [{ n }]));
    expect([pool.restingCount, budget.inUse]).toEqual([pool.totalCount, 0]);
  });

  test('closes one that comes back in the middle of a transaction', async () => {
    const client = await pool.connect();
    await client.query('BEGIN');
    await client.query(`INSERT INTO teas (name) VALUES ('half done')`);
    client.release();
    expect(pool.restingCount).toBe(0);
    await expectClosed();
    await slotsAreBack();
  });

  test('closes one that comes back in a transaction that has failed', async () => {
    const client = await pool.connect();
    await client.query('BEGIN');
    await expect(client.query('SELECT no_such_column')).rejects.toMatchObject({ code: '42703' });
    client.release();
    expect(pool.restingCount).toBe(0);
    await expectClosed();
    await slotsAreBack();
  });
});

describe("a role's database", () => {
  test('that could not be opened is tried again by the next who asks', async () => {
    const sources = [
      () => new DataSource({ type: 'postgres', url: 'postgresql://tea_house:wrong@127.0.0.1:1/nowhere', installExtensions: false }),
      () => new DataSource({ type: 'postgres', url: open.cluster.urlOf('tea_house'), installExtensions: false, driver: new PoolGroup(new ConnectionBudget(2)).driver('tea_house', []) }),
    ];
    let opened = 0;
    const teaHouse = new RoleDatabase('tea_house', () => {
      const make = sources[opened++];
      if (make === undefined) throw new Error('It was opened once too often.');
      return make();
    });
    const failures = await Promise.allSettled([teaHouse.query('SELECT 1'), teaHouse.transaction((tx) => tx.query('SELECT 1'))]);
    expect(failures.map((failure) => failure.status)).toEqual(['rejected', 'rejected']);
    expect(teaHouse.poolState()).toEqual({ active: 0, idle: 0, waiting: 0 });
    expect(await teaHouse.query('SELECT current_user AS role')).toEqual([{ role: 'tea_house' }]);
    expect(opened).toBe(2);
    await teaHouse.close();
  });
});

/** The logins as a process would have them whose configuration says so. */
async function withLogins<T>(urlOf: Cluster['urlOf'], work: (databases: Databases) => Promise<T>): Promise<T> {
  const databases = new Databases({ ...open.cluster, urlOf, urlsOf: (role) => [urlOf(role)] }, TEST_HOUSE, ['coding_rule2', 'tea_house'], { poolMax: 2, maxConnections: 4 });
  try {
    return await work(databases);
  } finally {
    await databases.close();
  }
}

describe('a new connection serves only as the role that it is for', () => {
  test.each([
    ["a neighbour's login", () => open.cluster.urlOf('coding_rule2')],
    ["the control role's login", () => open.cluster.urlOf('nagaya_control')],
    ["the migrator's login", () => requireAdminUrl(open.cluster)],
  ])('%s in its place is refused, without a word to the caller of who it was; the others serve', async (_what, wrong) => {
    await withLogins((role) => (role === 'tea_house' ? wrong() : open.cluster.urlOf(role)), async (databases) => {
      const asking = databases.product('tea_house').query('SELECT name FROM teas');
      await expect(asking).rejects.toMatchObject({ code: 'product_not_ready', message: expect.not.stringMatching(/tea_house|coding_rule2|control|superuser/) });
      expect(await databases.product('coding_rule2').query('SELECT current_user AS role')).toEqual([{ role: 'coding_rule2' }]);
    });
  });

  test('with its own search path: one that the role has given itself is found and put back', async () => {
    const [row] = await open.databases.product('tea_house').query<{ name: string }>('SELECT current_database() AS name');
    await open.databases.product('tea_house').query(`ALTER ROLE tea_house IN DATABASE ${quoteIdent(row?.name ?? '')} SET search_path = public`);
    await withLogins((role) => open.cluster.urlOf(role), async (databases) => {
      await expect(databases.product('tea_house').query('SELECT 1')).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 });
      expect(await databases.product('tea_house').query(`SELECT current_setting('search_path') AS path`)).toEqual([{ path: 'tea_house, core, monitoring, extensions' }]);
    });
  });
});
