import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { environmentOf, nagaya, serve, type Served } from '../support/process.js';
import { until } from './support/until.js';

let database: TestDatabase;
let replicas: Served[];
let operator: string;
beforeAll(async () => {
  database = await createTestDatabase();
  operator = (await made(['key', 'create', '--operator', '--json'])).key;
  replicas = await Promise.all([serve(environmentOf(database)), serve(environmentOf(database))]);
});
afterAll(async () => {
  await Promise.all(replicas.map((replica) => replica.end('SIGTERM')));
  await database.drop();
});

async function made(args: string[]): Promise<{ id: string; key: string }> {
  const { status, stdout, stderr } = await nagaya(args, environmentOf(database));
  expect({ status, stderr }).toMatchObject({ status: 0 });
  return JSON.parse(stdout) as { id: string; key: string };
}

/** What each replica answers to a key. */
const statuses = (key: string): Promise<number[]> =>
  Promise.all(replicas.map(async ({ url }) => (await fetch(`${url}/v1/products/coding_rule2/workers`, { headers: { authorization: `Bearer ${key}` } })).status));
const isShutOut = async (key: string): Promise<boolean> => (await statuses(key)).every((status) => status === 401);

/** What is promised: so long after the answer to a revocation, no replica lets the key in. */
const REVOKED_WITHIN_MS = 5_000;

test('a key that is revoked through one replica opens none of them 5 s later, nor ever after', async () => {
  const { id, key } = await made(['key', 'create', '--product', 'coding_rule2', '--json']);
  // Both have it in their caches.
  expect(await statuses(key)).toEqual([200, 200]);
  const answer = await fetch(`${replicas[0]?.url}/v1/api-keys/${id}`, { method: 'DELETE', headers: { authorization: `Bearer ${operator}` } });
  expect(answer.status).toBe(204);
  const revoked = performance.now();
  const letIn: number[] = [];
  await until(async () => {
    const asked = performance.now() - revoked;
    const isRefused = await isShutOut(key);
    if (!isRefused) letIn.push(asked);
    return isRefused && asked > REVOKED_WITHIN_MS;
  });
  expect(letIn.filter((asked) => asked > REVOKED_WITHIN_MS)).toEqual([]);
});

test('a key that is rotated works on beside its successor for the overlap, and then no more', async () => {
  const { id, key } = await made(['key', 'create', '--product', 'coding_rule2', '--json']);
  const successor = await made(['key', 'rotate', id, '--overlap', '24h', '--json']);
  expect(successor.key).not.toBe(key);
  expect(await statuses(key)).toEqual([200, 200]);
  expect(await statuses(successor.key)).toEqual([200, 200]);

  const second = await made(['key', 'rotate', successor.id, '--overlap', '0m', '--json']);
  await until(() => isShutOut(successor.key));
  expect(await statuses(second.key)).toEqual([200, 200]);
  // What does not work any more has no successor.
  expect((await nagaya(['key', 'rotate', successor.id], environmentOf(database))).status).toBe(1);
});
