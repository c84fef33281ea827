import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/service.js';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

test.each(['live', 'ready', 'startup'])('/health/%s answers 200 without a key', async (probe) => {
  const answer = await nagaya.request('GET', `/health/${probe}`, { key: null });
  expect(answer.status).toBe(200);
  expect(answer.body).toMatchObject({ status: 'ok' });
});
