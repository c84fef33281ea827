import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asSuperuser } from '../support/postgres-server.js';
import { servingBackends, terminate, waitingForLock, whileLocked } from './support/backends.js';
import { expectProblem, type Answer } from './support/call.js';
import { newLodger } from './support/lodger/lodger.js';
import { startLodging, type Lodging } from './support/lodging.js';
import { until } from './support/until.js';

const full = newLodger();
const neighbour = newLodger();

let lodging: Lodging;
beforeAll(async () => {
  lodging = await startLodging([full, neighbour]);
});
afterAll(async () => {
  full.gate.open();
  await lodging.stop();
});

const greet = (productId: string): Promise<Answer> => lodging.request(productId, 'GET', 'visits');

test('requests of four products, interleaved over their pools, see only their own rows in their own role', async () => {
  const homes = [full.id, neighbour.id, 'tea_house'];
  const writes = Array.from({ length: 120 }, (_, index) => {
    const home = homes[index % homes.length] ?? '';
    return lodging.request(home, 'POST', home === 'tea_house' ? 'teas' : 'visits', { name: `of ${home}` });
  });
  const events = Array.from({ length: 120 }, (_, index) => {
    const home = [...homes, 'coding_rule2'][index % 4] ?? '';
    return lodging.request(home, 'POST', 'events', { eventType: `of ${home}`, eventData: {} });
  });
  const answers = await Promise.all([...writes, ...events]);
  expect(answers.filter((answer) => answer.status !== 201)).toEqual([]);

  const reads = Array.from({ length: 240 }, async (_, index) => {
    const home = homes[index % homes.length] ?? '';
    const { body } = await lodging.request(home, 'GET', index % 2 === 0 ? 'events?limit=100' : home === 'tea_house' ? 'teas' : 'visits');
    const items = body.items as { name?: string; eventType?: string; role?: string }[];
    return { home, count: items.length, foreign: items.filter((item) => (item.name ?? item.eventType) !== `of ${home}` || (item.role ?? home) !== home) };
  });
  for (const { home, count, foreign } of await Promise.all(reads)) {
    expect({ home, foreign }).toEqual({ home, foreign: [] });
    expect([30, 40]).toContain(count);
  }
});

describe('a backend is killed in the middle of a request', () => {
  test('that request answers 503 and has changed nothing; the next one works', async () => {
    const { name } = lodging.database;
    const cut = await whileLocked(name, `${neighbour.id}.visits`, async () => {
      const asking = lodging.request(neighbour.id, 'POST', 'visits', { name: 'cut off' });
      await terminate(await waitingForLock(name, neighbour.id));
      return asking;
    });
    expectProblem(cut, 503, 'unavailable');
    expect(JSON.stringify(cut.body)).not.toMatch(/terminat|backend|lodger/i);
    const { status, body } = await greet(neighbour.id);
    expect(status).toBe(200);
    expect((body.items as { name: string }[]).map((visit) => visit.name)).not.toContain('cut off');
  });

  test('between two statements of a transaction: 503, nothing of it stays, the next one works', async () => {
    neighbour.gate.shut();
    const holding = lodging.request(neighbour.id, 'POST', 'hold');
    const held = await until(async () => {
      const backends = await servingBackends(lodging.database.name);
      return backends.find((backend) => backend.application === `nagaya:${neighbour.id}` && backend.inTransaction);
    });
    await terminate([held]);
    await until(async () => (await servingBackends(lodging.database.name)).every((backend) => backend.pid !== held.pid));
    neighbour.gate.open();
    expectProblem(await holding, 503, 'unavailable');
    expect((await greet(neighbour.id)).body.items).not.toContainEqual(expect.objectContaining({ name: 'held' }));
  });

  test('all backends at once, as when the server restarts: the service recovers by itself', async () => {
    const products = [full.id, neighbour.id, 'tea_house'];
    const path = (id: string): string => (id === 'tea_house' ? 'teas' : 'visits');
    await terminate(await servingBackends(lodging.database.name));
    for (const id of products) {
      const answers: number[] = [];
      await until(async () => {
        answers.push((await lodging.request(id, 'GET', path(id))).status);
        return answers.at(-1) === 200;
      });
      // Who meets a connection that has just died is told to come again, and nothing else.
      expect(answers.slice(0, -1).filter((status) => status !== 503)).toEqual([]);
    }
    expect((await fetch(`${lodging.service.url}/health/ready`)).status).toBe(200);
  });
});

describe('a product whose connections are all taken', () => {
  test('is told to come again; its neighbour is served meanwhile; it recovers when they are free', async () => {
    full.gate.shut();
    const holding = Array.from({ length: 20 }, () => lodging.request(full.id, 'POST', 'hold'));
    await until(() => lodging.service.databases.product(full.id).poolState().active === 20);
    // More than all connections of the process together: those who wait must not count as if they had one.
    let refused = 0;
    const waiting = Array.from({ length: 80 }, () => greet(full.id).finally(() => refused++));
    await until(() => lodging.service.databases.product(full.id).poolState().waiting >= 80);

    const served = await Promise.all([...Array.from({ length: 20 }, () => greet(neighbour.id)), lodging.request('coding_rule2', 'GET', 'mistake-patterns')]);
    expect(served.map((answer) => answer.status)).toEqual(served.map(() => 200));
    // The neighbour has not stood behind them.
    expect(refused).toBe(0);

    for (const answer of await Promise.all(waiting)) expectProblem(answer, 503, 'unavailable');
    full.gate.open();
    expect((await Promise.all(holding)).map((answer) => answer.status)).toEqual(holding.map(() => 200));
    await allPlacesWork();
  });

  test('that reaches its connection limit on the server (another replica has the rest): 503 for it alone', async () => {
    await asSuperuser('postgres', `ALTER ROLE ${full.id} CONNECTION LIMIT 1`);
    await leaveOneConnection();
    full.gate.shut();
    const holding = lodging.request(full.id, 'POST', 'hold');
    // As the server sees it: the pool may still count the connection of the request before.
    await until(async () => (await servingBackends(lodging.database.name)).some((backend) => backend.application === `nagaya:${full.id}` && backend.inTransaction));

    // More than the pool has places: a failed one must give its place back.
    const refused = await Promise.all(Array.from({ length: 40 }, () => greet(full.id)));
    for (const answer of refused) expectProblem(answer, 503, 'unavailable');
    expect((await greet(neighbour.id)).status).toBe(200);

    full.gate.open();
    expect((await holding).status).toBe(200);
    await asSuperuser('postgres', `ALTER ROLE ${full.id} CONNECTION LIMIT 60`);
    await allPlacesWork();
  });
});

/** Ends the connections of `full`, whose limit is one by now, until the pool has nothing but one that was made since. */
async function leaveOneConnection(): Promise<void> {
  const ownBackends = async () => (await servingBackends(lodging.database.name)).filter((backend) => backend.application === `nagaya:${full.id}`);
  await terminate(await ownBackends());
  await until(async () => {
    if ((await greet(full.id)).status !== 200) return false;
    const backends = await ownBackends();
    // One that was being made as the others were ended has outlived them.
    if (backends.length > 1) await terminate(backends);
    return backends.length === 1;
  });
  // The answer is sent before its connection is back in the pool.
  await until(() => lodging.service.databases.product(full.id).poolState().active === 0);
}

/** As many requests at once as the pool has places, each with a connection of its own. */
async function allPlacesWork(): Promise<void> {
  full.gate.shut();
  const holding = Array.from({ length: 20 }, () => lodging.request(full.id, 'POST', 'hold'));
  await until(() => lodging.service.databases.product(full.id).poolState().active === 20);
  full.gate.open();
  expect((await Promise.all(holding)).map((answer) => answer.status)).toEqual(holding.map(() => 200));
}
