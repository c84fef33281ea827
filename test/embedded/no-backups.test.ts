import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { refusal } from '../support/problem.js';
import { environmentOf, nagaya } from '../support/process.js';
import { createTestDatabase } from '../support/database.js';
import { startTestService, type TestService } from '../support/service.js';

let service: TestService;
beforeAll(async () => {
  service = await startTestService();
});
afterAll(() => service.stop());

test('a backup that is asked for is refused, not queued for ever', async () => {
  const asked = await service.request('POST', '/v1/backups', { key: service.keys.operator, body: {} });
  expect(refusal(asked)).toEqual([409, 'conflict']);
  expect(asked.body['detail']).toMatch(/copy its data folder/);
  expect((await service.request('GET', '/v1/backups', { key: service.keys.operator })).body.items).toEqual([]);
});

test('the command line says the same and fails', async () => {
  const database = await createTestDatabase();
  try {
    const ended = await nagaya(['backup', 'create'], environmentOf(database));
    expect([ended.status, ended.stderr]).toEqual([1, expect.stringContaining('copy its data folder')]);
  } finally {
    await database.drop();
  }
});
