import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { asBase64, randomVector } from '../support/vectors.js';
import { whileLocked } from './support/backends.js';
import { expectProblem } from './support/call.js';
import { until } from './support/until.js';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

/** One request of the product that floods, coding_rule2. */
interface Flood {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

/** What a neighbour does meanwhile: reads and writes of its own, and of the tables that all share. */
async function neighbourAtWork(rounds: number): Promise<number[]> {
  const at = '/v1/products/tea_house';
  const key = nagaya.keys.teaHouse;
  const statuses: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const answers = await Promise.all([
      nagaya.request('GET', `${at}/teas`, { key }),
      nagaya.request('POST', `${at}/teas`, { key, body: { name: `tea ${Math.random()}` } }),
      nagaya.request('POST', `${at}/events`, { key, body: { eventType: 'x', eventData: {} }, headers: { 'idempotency-key': `k${Math.random()}` } }),
      nagaya.request('PUT', `${at}/workers/w1/heartbeat`, { key, body: { workerType: 'x', status: 'busy' } }),
      nagaya.request('GET', `${at}/events?limit=5`, { key }),
    ]);
    statuses.push(...answers.map((answer) => answer.status));
  }
  return statuses;
}
const WELL = [200, 201, 201, 200, 200];
const allWell = (rounds: number): number[] => Array.from({ length: rounds }, () => WELL).flat();

/** So many clients that send one request after the other until they are stopped. @returns all answers they had */
function flood(clients: number, { method, path, ...options }: Flood): { stop: () => Promise<Answer[]> } {
  const answers: Answer[] = [];
  let isOver = false;
  const client = async (): Promise<void> => {
    while (!isOver) answers.push(await nagaya.request(method, `/v1/products/coding_rule2/${path}`, options));
  };
  const all = Promise.all(Array.from({ length: clients }, client));
  return {
    stop: async () => {
      isOver = true;
      await all;
      return answers;
    },
  };
}

/** Carried out, refused for what it is, or told when to come again. */
function expectTold(answers: readonly Answer[], ...alright: number[]): void {
  for (const answer of answers) if (!alright.includes(answer.status)) expectProblem(answer, 503, 'unavailable');
}

// The first: no neighbour has asked for anything yet.
test('searches: a product alone has its whole pool at them, beside a neighbour one at a time, while its other requests go on', async () => {
  const search: Flood = { method: 'POST', path: 'conversations/search', body: { embedding: asBase64(randomVector(Math.random)) } };
  const table = 'coding_rule2.conversation_context';
  const pool = nagaya.service.databases.product('coding_rule2');
  const alone = await whileLocked(nagaya.database.name, table, async () => {
    const sent = flood(30, search);
    await until(() => pool.poolState().active === 20);
    return sent;
  });
  expectTold(await alone.stop(), 200, 504);
  expect(await neighbourAtWork(1)).toEqual(allWell(1));
  const beside = await whileLocked(nagaya.database.name, table, async () => {
    const sent = flood(30, search);
    await until(() => pool.poolState().active > 0);
    expect(await neighbourAtWork(5)).toEqual(allWell(5));
    expect(pool.poolState().active).toBe(1);
    expect((await nagaya.request('GET', '/v1/products/coding_rule2/violations')).status).toBe(200);
    return sent;
  });
  expectTold(await beside.stop(), 200, 504);
});

describe('a product is flooded, and its neighbour has every request answered while that goes on', () => {
  const violation = { violationType: 'x', violationDescription: 'x', originalResponse: 'x', severityLevel: 'low' };
  test.each<[string, number, Flood, number[]]>([
    ['statements that hang: its pool is full, and its line', 150, { method: 'GET', path: 'violations' }, [504]],
    ['one idempotency key, whose first request hangs', 150, { method: 'POST', path: 'violations', body: violation, headers: { 'idempotency-key': 'the same for all' } }, [409, 504]],
  ])('by %s', async (_what, clients, request, alright) => {
    await whileLocked(nagaya.database.name, 'coding_rule2.constitutional_violations', async () => {
      const hanging = flood(clients, request);
      const pool = nagaya.service.databases.product('coding_rule2');
      await until(() => pool.poolState().active === 20 && pool.poolState().waiting > 0);
      expect(await neighbourAtWork(10)).toEqual(allWell(10));
      expectTold(await hanging.stop(), ...alright);
    });
    // The table is free again: so is the product.
    expect((await nagaya.request('GET', '/v1/products/coding_rule2/violations')).status).toBe(200);
  });

  const vector = asBase64(randomVector(Math.random));
  const large = { eventType: 'x', eventData: { text: 'x'.repeat(700_000) } };
  const rpc = (name: string, given: object): object => ({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: given } });
  test.each<[string, number, Flood, number[]]>([
    ['searches by vector', 60, { method: 'POST', path: 'conversations/search', body: { embedding: vector, limit: 100 } }, [200]],
    ['large bodies', 30, { method: 'POST', path: 'events', body: large }, [201]],
    ['calls of an assistant', 60, { method: 'POST', path: 'mcp', body: rpc('memory_search', { query: 'why' }), headers: { accept: 'application/json, text/event-stream' } }, [200]],
    ['exports', 20, { method: 'GET', path: 'export' }, [200]],
    ['requests that are refused', 150, { method: 'POST', path: 'events', body: {} }, [400]],
  ])('by %s', async (_what, count, request, alright) => {
    const sent = flood(count, request);
    expect(await neighbourAtWork(3)).toEqual(allWell(3));
    const answers = await sent.stop();
    expect(answers.length).toBeGreaterThanOrEqual(count);
    expectTold(answers, ...alright);
  });

  test('by so many at once that they stand in line: a neighbour\'s request that comes last is answered before most of them', async () => {
    const order: string[] = [];
    const fastify = nagaya.service.app.getHttpAdapter().getInstance();
    // Handed to the server without sockets, so that they are all there before the first one begins.
    const ask = async (product: string, key: string): Promise<void> => {
      const answer = await fastify.inject({ method: 'POST', url: `/v1/products/${product}/events`, headers: { authorization: `Bearer ${key}` }, payload: {} });
      order.push(`${product} ${answer.statusCode}`);
    };
    const { codingRule2, teaHouse } = nagaya.keys;
    await Promise.all([...Array.from({ length: 300 }, () => ask('coding_rule2', codingRule2)), ask('tea_house', teaHouse)]);
    expect(order.indexOf('tea_house 400')).toBeGreaterThanOrEqual(0);
    expect(order.indexOf('tea_house 400')).toBeLessThan(30);
    expect(order.filter((entry) => entry === 'coding_rule2 400')).toHaveLength(300);
  });
});

test('readers of exports that never read leave the neighbour its connections, and their own product some', async () => {
  const leave = new AbortController();
  // More than sockets and streams hold between the table and a reader, so that an export can't end by itself.
  const filler = Array.from({ length: 40 }, () => ({ violationType: 'x', violationDescription: 'x', originalResponse: 'x'.repeat(900_000), severityLevel: 'low' }));
  for (const body of filler) expect((await nagaya.request('POST', '/v1/products/coding_rule2/violations', { body })).status).toBe(201);
  const url = `${nagaya.service.url}/v1/products/coding_rule2/export`;
  const unread = await Promise.all(
    Array.from({ length: 30 }, () => fetch(url, { headers: { authorization: `Bearer ${nagaya.keys.codingRule2}` }, signal: leave.signal })),
  );
  expect(unread.map((answer) => answer.status).filter((status) => ![200, 503, 409, 429].includes(status))).toEqual([]);
  expect(await neighbourAtWork(3)).toEqual(allWell(3));
  const neighbours = await fetch(url.replace('coding_rule2', 'tea_house'), { headers: { authorization: `Bearer ${nagaya.keys.teaHouse}` } });
  expect([neighbours.status, (await neighbours.text()).split('\n').length > 1]).toEqual([200, true]);
  expect((await nagaya.request('GET', '/v1/products/coding_rule2/violations')).status).toBe(200);
  leave.abort();
});
