import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { Databases } from '../../src/database/databases.js';
import { urlOfDatabase } from '../support/postgres-server.js';
import { servingSql, terminate, type Backend } from './support/backends.js';
import { call } from './support/call.js';
import { newLodger } from './support/lodger/lodger.js';
import { houseWith, startLodging, type Lodging } from './support/lodging.js';
import { until } from './support/until.js';

const MAX = 5;
const lodgers = [newLodger(), newLodger(), newLodger(), newLodger()];

let lodging: Lodging;
beforeAll(async () => {
  lodging = await startLodging(lodgers, { maxConnections: MAX });
});
afterAll(() => lodging.stop());

/** Counts the service's connections as the server sees them, over and over, until told to stop. */
async function watch(): Promise<{ stop(): Promise<{ most: number; looks: number; roles: Set<string> }> }> {
  const client = new pg.Client({ connectionString: urlOfDatabase('postgres') });
  await client.connect();
  const seen = { most: 0, looks: 0, roles: new Set<string>() };
  let watching = true;
  const looking = (async () => {
    while (watching) {
      const { rows } = await client.query<Backend>(servingSql(lodging.database.name));
      seen.most = Math.max(seen.most, rows.length);
      seen.looks++;
      for (const row of rows) seen.roles.add(row.application);
    }
  })();
  return {
    stop: async () => {
      watching = false;
      await looking;
      await client.end();
      return seen;
    },
  };
}

test(`a process that may have ${MAX} connections never has more, over all its products, and serves them all`, async () => {
  const watching = await watch();
  const statuses: number[] = [];
  // Each round another product comes first, so that connections have to change hands again and again.
  for (let round = 0; round < 12; round++) {
    const asking = lodgers.flatMap((_, index) => {
      const lodger = lodgers[(index + round) % lodgers.length] ?? lodgers[0];
      return Array.from({ length: 8 }, () => lodging.request(lodger?.id ?? '', 'GET', 'visits'));
    });
    statuses.push(...(await Promise.all(asking)).map((answer) => answer.status));
  }
  const seen = await watching.stop();
  expect(statuses.filter((status) => status !== 200)).toEqual([]);
  expect(seen.looks).toBeGreaterThan(20);
  expect([...seen.roles]).toEqual(expect.arrayContaining(['nagaya:nagaya_control', ...lodgers.map(({ id }) => `nagaya:${id}`)]));
  expect(seen.most).toBeLessThanOrEqual(MAX);
});

test('products that hold all that they may leave room to look up a key: another one is let in', async () => {
  const held = lodgers.slice(0, 3);
  for (const { gate } of held) gate.shut();
  const holding = held.flatMap(({ id }) => Array.from({ length: 3 }, () => lodging.request(id, 'POST', 'hold')));
  const pools = () => held.map(({ id }) => lodging.service.databases.product(id).poolState());
  await until(() => pools().reduce((sum, pool) => sum + pool.waiting, 0) === holding.length - (MAX - 2));
  // A key that this process has not seen yet, and its first use.
  const { key } = await new ApiKeysService(lodging.service.databases).create({ name: 'new', productId: null });
  expect((await call(`${lodging.service.url}/v1/products`, 'GET', key)).status).toBe(200);
  for (const { gate } of held) gate.open();
  // Those in line may have waited their 5 s.
  for (const { status } of await Promise.all(holding)) expect([200, 503]).toContain(status);
});

test('a statement that the server refuses does not cost its connection', async () => {
  // With room enough: the service's own jobs would take connections from each other.
  const [first] = lodgers;
  const databases = new Databases(lodging.service.cluster, houseWith(lodgers), [first?.id ?? ''], { poolMax: 2, maxConnections: 8 });
  try {
    const database = databases.product(first?.id ?? '');
    const pid = async () => (await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;
    const settled = () => until(() => database.poolState().active === 0);
    const before = await pid();
    for (const sql of ['SELECT 1 / 0', 'SELECT nothing', "INSERT INTO visits (id, name) VALUES ('no uuid', 'x')"]) {
      await expect(database.query(sql)).rejects.toMatchObject({ code: expect.any(String) });
      await settled();
      expect(await pid()).toBe(before);
    }
    // One that ends the session does.
    await expect(database.query('SELECT pg_terminate_backend(pg_backend_pid())')).rejects.toThrow(/terminat/);
    await settled();
    expect(await pid()).not.toBe(before);
  } finally {
    await databases.close();
  }
});

test('what failed on the way leaves no place taken', async () => {
  const [first, second] = lodgers;
  if (first === undefined || second === undefined) throw new Error('There are lodgers.');
  const client = new pg.Client({ connectionString: urlOfDatabase('postgres') });
  await client.connect();
  try {
    for (let round = 0; round < 5; round++) {
      const asking = Array.from({ length: 20 }, () => lodging.request(first.id, 'GET', 'visits'));
      const { rows } = await client.query<Backend>(servingSql(lodging.database.name));
      await terminate(rows);
      await Promise.all(asking);
    }
  } finally {
    await client.end();
  }
  for (const { id } of lodgers) await until(async () => (await lodging.request(id, 'GET', 'visits')).status === 200);
  const all = await Promise.all(lodgers.flatMap(({ id }) => Array.from({ length: MAX }, () => lodging.request(id, 'GET', 'visits'))));
  expect(all.map((answer) => answer.status)).toEqual(all.map(() => 200));
  // One of the service's jobs may look in just now.
  const pool = () => lodging.service.databases.product(second.id).poolState();
  await until(() => pool().active === 0 && pool().waiting === 0);
});
