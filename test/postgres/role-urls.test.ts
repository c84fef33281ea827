import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { createTestDatabase, openTestDatabase, type TestDatabase } from '../support/database.js';
import { environmentOf, serve } from '../support/process.js';
import { call } from './support/call.js';

const MEMORIES = 'v1/products/coding_rule2/memories?sessionId=s';

let database: TestDatabase;
let productKey: string;
let operatorKey: string;
/** The URL that the product's role would be reached by anyway. */
let url: URL;
/** Another way to the same server, as a pooler or a replica would be one. */
let door: Server;
let passed = 0;

beforeAll(async () => {
  database = await createTestDatabase();
  const open = await openTestDatabase(database);
  const keys = new ApiKeysService(open.databases);
  productKey = (await keys.create({ name: 'test', productId: 'coding_rule2' })).key;
  operatorKey = (await keys.create({ name: 'test' })).key;
  url = new URL(open.cluster.urlOf('coding_rule2'));
  await open.close();
  door = createServer((outside) => {
    passed++;
    const inside = connect(Number(url.port), url.hostname);
    outside.on('error', () => inside.destroy()).pipe(inside);
    inside.on('error', () => outside.destroy()).pipe(outside);
  });
  door.listen(0, '127.0.0.1');
  await once(door, 'listening');
});
afterAll(async () => {
  door.close();
  await database.drop();
});

test('a role is reached by the URL that the environment gives it', async () => {
  const { port } = door.address() as AddressInfo;
  const own = new URL(url);
  own.host = `127.0.0.1:${port}`;
  const serving = await serve({ ...environmentOf(database), NAGAYA_URL_CODING_RULE2: own.href });
  try {
    const answer = await call(`${serving.url}/${MEMORIES}`, 'GET', productKey);
    if (answer.status !== 200) throw new Error(`${JSON.stringify(answer.body)}\n${serving.output()}`);
    expect(passed).toBeGreaterThan(0);
  } finally {
    await serving.end('SIGTERM');
  }
});

test('where that URL leads nowhere, this product is unavailable and the rest goes on', async () => {
  const nowhere = new URL(url);
  nowhere.host = '127.0.0.1:1';
  const serving = await serve({ ...environmentOf(database), NAGAYA_URL_CODING_RULE2: nowhere.href });
  try {
    expect(await call(`${serving.url}/${MEMORIES}`, 'GET', productKey)).toMatchObject({ status: 503, body: { code: 'unavailable' } });
    expect((await call(`${serving.url}/v1/ai-systems`, 'GET', operatorKey)).status).toBe(200);
    expect(serving.output()).not.toContain(nowhere.password);
  } finally {
    await serving.end('SIGTERM');
  }
});
