import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/service.js';

interface Line {
  actor: string;
  action: string;
  target: string;
  requestId: string | null;
}

let nagaya: TestService;
/** The newest line before a test: what it writes comes after. */
let seen: number;

beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());
beforeEach(async () => {
  seen = (await all()).length;
});

const all = (): Promise<Line[]> =>
  nagaya.service.databases.control.query<Line>('SELECT actor, action, target, request_id AS "requestId" FROM core.audit_log ORDER BY occurred_at, id');
const lines = async (): Promise<Line[]> => (await all()).slice(seen);
const ask = (method: string, path: string, body?: unknown, key = nagaya.keys.operator) =>
  nagaya.request(method, path, { key, body, headers: { 'x-request-id': 'request-1' } });

describe('what an operator changes is in the audit log', () => {
  test('one line each: who, what, on what, in which request', async () => {
    const { body } = await ask('POST', '/v1/ai-systems', { systemType: 'audited', version: '1', config: { secret: 'not in the log' } });
    const path = `/v1/ai-systems/${body['id']}`;
    await ask('PATCH', `${path}?`, { version: '2' });
    await ask('DELETE', path);
    await ask('POST', '/v1/products/tea_house/suspend');
    await ask('POST', '/v1/products/tea_house/resume');
    const { body: key } = await ask('POST', '/v1/api-keys', { name: 'audited' });
    await ask('DELETE', `/v1/api-keys/${key['id']}`);
    const by = { actor: 'test', requestId: 'request-1' };
    expect(await lines()).toEqual([
      { ...by, action: 'POST /v1/ai-systems', target: '/v1/ai-systems' },
      { ...by, action: 'PATCH /v1/ai-systems/:id', target: path },
      { ...by, action: 'DELETE /v1/ai-systems/:id', target: path },
      { ...by, action: 'POST /v1/products/:productId/suspend', target: '/v1/products/tea_house/suspend' },
      { ...by, action: 'POST /v1/products/:productId/resume', target: '/v1/products/tea_house/resume' },
      { ...by, action: 'POST /v1/api-keys', target: '/v1/api-keys' },
      { ...by, action: 'DELETE /v1/api-keys/:id', target: `/v1/api-keys/${key['id']}` },
    ]);
    const text = JSON.stringify(await nagaya.service.databases.control.query('SELECT * FROM core.audit_log'));
    expect(text).not.toContain('not in the log');
    expect(text).not.toContain(String(key['key']).slice(12));
  });

  test('also on the routes of a product', async () => {
    await ask('POST', '/v1/products/coding_rule2/memories', { sessionId: 's', memoryType: 't', memoryContent: {} });
    expect(await lines()).toMatchObject([{ action: 'POST /v1/products/coding_rule2/memories' }]);
  });
});

describe('not in the audit log is', () => {
  test.each(['GET /v1/products', 'GET /v1/ai-systems', 'HEAD /v1/products', 'GET /v1/products/coding_rule2/memories'])('what an operator reads: %s', async (line) => {
    const [method = '', path = ''] = line.split(' ');
    expect((await ask(method, path)).status).toBe(200);
    expect(await lines()).toEqual([]);
  });

  test('what an operator searches', async () => {
    const answer = await ask('POST', '/v1/products/coding_rule2/conversations/search', { embedding: Array.from({ length: 1536 }, () => 1) });
    expect(answer.status).toBe(200);
    expect(await lines()).toEqual([]);
  });

  test('what a product changes in its own home, and what nobody was let in for', async () => {
    await ask('POST', '/v1/products/coding_rule2/memories', { sessionId: 's', memoryType: 't', memoryContent: {} }, nagaya.keys.codingRule2);
    await ask('POST', '/v1/products/tea_house/suspend', {}, nagaya.keys.codingRule2);
    await ask('POST', '/v1/no-such-thing', {});
    expect(await lines()).toEqual([]);
  });
});

test('no serving login can change or delete a line', async () => {
  await ask('POST', '/v1/products/tea_house/resume');
  const { databases } = nagaya.service;
  for (const login of [databases.control, databases.product('coding_rule2')]) {
    for (const sql of [`UPDATE core.audit_log SET actor = 'nobody'`, 'DELETE FROM core.audit_log', 'TRUNCATE core.audit_log']) {
      await expect(login.query(sql)).rejects.toMatchObject({ code: '42501' });
    }
  }
});
