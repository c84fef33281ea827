import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AlertRules } from '../../src/alerts/rules/alert-rules.js';
import type { RuleContext } from '../../src/alerts/rules/alert-rule.js';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';

const PRODUCT = '/v1/products/coding_rule2';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const set = (maxBytes: unknown, maxRows: unknown): Promise<Answer> => nagaya.request('PUT', `${PRODUCT}/quota`, { key: nagaya.keys.operator, body: { maxBytes, maxRows } });
const remember = (): Promise<Answer> => nagaya.request('POST', `${PRODUCT}/memories`, { body: { sessionId: 's', memoryType: 'fact', memoryContent: {} } });

describe('a product that holds as much as it may', () => {
  let kept: Answer;
  beforeAll(async () => {
    kept = await remember();
  });

  test.each([
    ['rows', null, 0],
    ['bytes', 1, null],
  ])('in %s is answered 507 when it writes, and only then', async (_, maxBytes, maxRows) => {
    expect((await set(maxBytes, maxRows)).body).toMatchObject({ maxBytes, maxRows, state: 'exceeded' });
    expect(refusal(await remember())).toEqual([507, 'quota_exceeded']);
    expect(refusal(await nagaya.request('PUT', `${PRODUCT}/mistake-patterns/x`, { body: { patternDescription: 'x' } }))).toEqual([507, 'quota_exceeded']);
    expect((await nagaya.request('GET', `${PRODUCT}/memories`)).body.items).toEqual([kept.body]);
    expect((await nagaya.request('POST', `${PRODUCT}/conversations/search`, { body: { embedding: Array.from({ length: 1536 }, () => 1) } })).status).toBe(200);
    expect((await nagaya.request('POST', `${PRODUCT}/events`, { body: { eventType: 'full', eventData: {} } })).status).toBe(201);
    expect((await nagaya.request('POST', '/v1/products/tea_house/teas', { key: nagaya.keys.teaHouse, body: { name: 'sencha' } })).status).toBe(201);
    // A key that may not write learns that, and nothing of limits.
    expect(refusal(await nagaya.request('POST', `${PRODUCT}/memories`, { key: nagaya.keys.readOnly, body: {} }))).toEqual([403, 'forbidden']);
    expect((await nagaya.request('GET', `${PRODUCT}/quota`)).body).toMatchObject({ maxBytes, maxRows, state: 'exceeded' });
  });

  test('may delete, and goes on when it gets more room', async () => {
    expect((await nagaya.request('DELETE', `${PRODUCT}/memories/${kept.body['id']}`)).status).toBe(204);
    expect((await set(null, null)).body).toMatchObject({ state: 'ok' });
    expect((await remember()).status).toBe(201);
  });
});

test('from four fifths on it is warned, and an alert says so', async () => {
  const { body } = await set(null, null);
  const bytes = Number(body['bytes']);
  expect(bytes).toBeGreaterThan(0);
  expect((await set(Math.ceil(bytes * 1.2), null)).body).toMatchObject({ state: 'warning' });
  expect((await remember()).status).toBe(201);
  const seen = await nagaya.service.app.get(AlertRules, { strict: false }).get('quota-nearly-used')?.evaluate(new Date(), {} as RuleContext);
  expect(seen).toMatchObject([{ productId: 'coding_rule2', state: 'breached' }]);
});

test.each([
  [{ maxBytes: -1, maxRows: null }, '/maxBytes'],
  [{ maxBytes: 1.5, maxRows: null }, '/maxBytes'],
  [{ maxBytes: null, maxRows: '7' }, '/maxRows'],
  [{ maxBytes: null }, '/maxRows'],
])('refuses the limits %j', async (body, pointer) => {
  expect(refusal(await nagaya.request('PUT', `${PRODUCT}/quota`, { key: nagaya.keys.operator, body }))).toEqual([400, 'validation_failed', pointer]);
});

test("are the operators' to set", async () => {
  expect(refusal(await nagaya.request('PUT', `${PRODUCT}/quota`, { body: { maxBytes: null, maxRows: null } }))).toEqual([404, 'not_found']);
  expect(refusal(await nagaya.request('PUT', '/v1/products/nobody/quota', { key: nagaya.keys.operator, body: { maxBytes: null, maxRows: null } }))).toEqual([404, 'not_found']);
});
