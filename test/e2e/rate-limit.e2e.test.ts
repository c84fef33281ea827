import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/service.js';

const LIST = '/v1/products/coding_rule2/mistake-patterns';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService({ rateLimit: 5 });
});
afterAll(() => nagaya.stop());

test('a key past its limit answers 429 with Retry-After; other keys and the probes go on', async () => {
  const first = await nagaya.request('GET', LIST);
  expect([first.status, first.headers.get('ratelimit-limit'), first.headers.get('ratelimit-remaining')]).toEqual([200, '5', '4']);
  for (let i = 0; i < 4; i++) expect((await nagaya.request('GET', LIST)).status).toBe(200);

  const refused = await nagaya.request('GET', LIST);
  expect([refused.status, refused.body['code']]).toEqual([429, 'rate_limited']);
  expect(refused.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);

  expect((await nagaya.request('GET', LIST, { key: nagaya.keys.operator })).status).toBe(200);
  for (let i = 0; i < 10; i++) expect((await nagaya.request('GET', '/health/live', { key: null })).status).toBe(200);
});
