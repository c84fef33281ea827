import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { walk } from '../support/walk.js';

const PRODUCT = '/v1/products/coding_rule2';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const ask = (method: string, path: string): Promise<Answer> => nagaya.request(method, path, { key: nagaya.keys.operator });

describe('the products', () => {
  test('are listed by id, with their state', async () => {
    for (const limit of [1, 20]) {
      const pages = await walk<{ id: string }>(nagaya, '/v1/products', { limit, key: nagaya.keys.operator });
      expect(pages.flat().map((product) => product.id)).toEqual(TEST_HOUSE.products.map((product) => product.id).sort());
    }
    const { body } = await ask('GET', '/v1/products');
    expect(body.items.find(({ id }) => id === 'coding_rule2')).toMatchObject({ id: 'coding_rule2', migrations: (await ask('GET', PRODUCT)).body['migrations'] });
  });

  test('tell the state of their migrations', async () => {
    const { status, body } = await ask('GET', PRODUCT);
    expect(status).toBe(200);
    expect(body).toEqual({
      id: 'coding_rule2',
      title: 'Coding Rule 2',
      status: 'active',
      createdAt: expect.any(String),
      archivedAt: null,
      dropAfter: null,
      served: true,
      engine: nagaya.service.cluster.engine,
      // As of the last check and look; test/e2e/schema-health has them.
      health: body['health'],
      alerts: body['alerts'],
      migrations: { current: expect.any(String), applied: expect.any(Number), pending: [], ahead: [], ready: true },
    });
    expect((body['migrations'] as unknown as { applied: number }).applied).toBeGreaterThan(0);
  });

  test.each(['GET /v1/products/no_such', 'POST /v1/products/no_such/suspend', 'POST /v1/products/no_such/resume'])('%s answers 404', async (line) => {
    const [method = '', path = ''] = line.split(' ');
    expect(refusal(await ask(method, path))).toEqual([404, 'not_found']);
  });

  test('a cursor that the list has not answered is refused', async () => {
    expect(refusal(await ask('GET', '/v1/products?cursor=nonsense'))).toEqual([400, 'validation_failed', '/query/cursor']);
  });
});

describe('a suspended product', () => {
  const requests: [string, string, unknown?][] = [
    ['GET', `${PRODUCT}/memories`],
    ['POST', `${PRODUCT}/memories`, { sessionId: 's', memoryType: 't', memoryContent: {} }],
    ['POST', `${PRODUCT}/conversations/search`, {}],
    ['GET', `${PRODUCT}/events`],
    ['PUT', `${PRODUCT}/workers/w/heartbeat`, { workerType: 't', status: 's' }],
  ];
  const memories = async () => (await walk<object>(nagaya, `${PRODUCT}/memories`, { limit: 100 })).flat();

  test('answers 403 to its own key and to operators; its neighbour works on; its data is there when it is resumed', async () => {
    const kept = await nagaya.request('POST', `${PRODUCT}/memories`, { body: { sessionId: 's', memoryType: 't', memoryContent: { kept: true } } });
    const suspended = await ask('POST', `${PRODUCT}/suspend`);
    expect([suspended.status, suspended.body]).toEqual([200, { id: 'coding_rule2', title: 'Coding Rule 2', status: 'suspended', createdAt: expect.any(String), archivedAt: null, dropAfter: null }]);
    for (const [method, path, body] of requests) {
      for (const key of [nagaya.keys.codingRule2, nagaya.keys.readOnly, nagaya.keys.operator]) {
        expect(refusal(await nagaya.request(method, path, { key, body }))).toEqual([403, 'product_suspended']);
      }
    }
    expect((await nagaya.request('GET', `/v1/products/tea_house/teas`, { key: nagaya.keys.teaHouse })).status).toBe(200);
    expect((await ask('GET', PRODUCT)).body).toMatchObject({ status: 'suspended' });
    expect(await nagaya.service.databases.product('coding_rule2').query('SELECT id FROM memory_inheritance')).toEqual([{ id: kept.body['id'] }]);

    const resumed = await ask('POST', `${PRODUCT}/resume`);
    expect([resumed.status, resumed.body['status']]).toEqual([200, 'active']);
    expect(await memories()).toEqual([kept.body]);
  });

  test('to other keys looks like what is not there, as before', async () => {
    await ask('POST', `${PRODUCT}/suspend`);
    expect(refusal(await nagaya.request('GET', `${PRODUCT}/memories`, { key: nagaya.keys.teaHouse }))).toEqual([404, 'not_found']);
    await ask('POST', `${PRODUCT}/resume`);
  });

  test('suspending twice and resuming twice change nothing', async () => {
    for (const verb of ['suspend', 'suspend', 'resume', 'resume']) expect((await ask('POST', `${PRODUCT}/${verb}`)).status).toBe(200);
    expect(await memories()).toHaveLength(1);
  });

  test('of a product key, suspending and resuming are not its own to do', async () => {
    for (const verb of ['suspend', 'resume']) expect(refusal(await nagaya.request('POST', `${PRODUCT}/${verb}`))).toEqual([404, 'not_found']);
    expect(refusal(await nagaya.request('GET', PRODUCT))).toEqual([404, 'not_found']);
    expect(await memories()).toHaveLength(1);
  });
});

test('a product that this process does not serve is not there, for operators too, and its state says so', async () => {
  const other = await startTestService({ activeProducts: ['tea_house'] });
  try {
    for (const key of [other.keys.operator, other.keys.codingRule2]) {
      expect(refusal(await other.request('GET', `${PRODUCT}/memories`, { key }))).toEqual([404, 'not_found']);
      expect(refusal(await other.request('GET', `${PRODUCT}/events`, { key }))).toEqual([404, 'not_found']);
    }
    expect((await other.request('GET', PRODUCT, { key: other.keys.operator })).body).toMatchObject({ status: 'active', served: false, migrations: null });
    expect((await other.request('GET', '/v1/products/tea_house/teas', { key: other.keys.teaHouse })).status).toBe(200);
  } finally {
    await other.stop();
  }
});
