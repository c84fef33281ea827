import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { nagayaClient, once, type Shape } from '../../clients/typescript/src/index.js';
import { startTestService, type TestService } from '../support/service.js';

let nagaya: TestService;
let client: ReturnType<typeof nagayaClient>;
beforeAll(async () => {
  nagaya = await startTestService();
  client = nagayaClient({ url: `${nagaya.service.url}/`, key: nagaya.keys.codingRule2 });
});
afterAll(() => nagaya.stop());

test('the typed client writes, reads and pages, and what it gets is what its types say', async () => {
  const memory = { sessionId: 'typed', memoryType: 'lesson', memoryContent: { text: '型' }, retentionPriority: 8 };
  const made = await client.POST('/v1/products/coding_rule2/memories', { params: { header: once('typed-1') }, body: memory });
  const again = await client.POST('/v1/products/coding_rule2/memories', { params: { header: once('typed-1') }, body: memory });
  expect(made.response.status).toBe(201);
  expect(again.data).toEqual(made.data);
  const row: Shape<'Memory'> | undefined = made.data;
  const read = await client.GET('/v1/products/coding_rule2/memories/{id}', { params: { path: { id: row?.id ?? '' } } });
  expect(read.data).toEqual(row);
  const page = await client.GET('/v1/products/coding_rule2/memories', { params: { query: { sessionId: 'typed', limit: 1 } } });
  expect(page.data).toEqual({ items: [row], nextCursor: null });
  const bundle = await client.POST('/v1/products/coding_rule2/sessions/{sessionId}/inherit', {
    params: { path: { sessionId: 'typed / 次' } },
    body: { fromSessionId: 'typed', budgetTokens: 100, leaveOutNearDuplicates: false },
  });
  expect(bundle.data?.items.map((item) => item.memory?.id)).toEqual([row?.id]);
});

test('an error comes as a problem with its code', async () => {
  const { data, error, response } = await client.GET('/v1/products/coding_rule2/memories/{id}', { params: { path: { id: '0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e' } } });
  expect([data, error?.code, response.status]).toEqual([undefined, 'not_found', 404]);
});
