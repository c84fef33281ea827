import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from '../support/service.js';

const PRODUCT = '/v1/products/coding_rule2';
const MEMORY = { sessionId: 's1', memoryType: 'decision', memoryContent: { b: 1, a: 'ä' } };

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const post = (path: string, key: string, body: unknown, apiKey?: string): Promise<Answer> =>
  nagaya.request('POST', path, { body, headers: { 'idempotency-key': key }, ...(apiKey !== undefined && { key: apiKey }) });

async function count(table: string): Promise<number> {
  const [row] = await nagaya.service.databases.product('coding_rule2').query<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`);
  return row?.n ?? -1;
}

describe('a POST with an Idempotency-Key', () => {
  test('sent again answers the same, Location included, and writes once', async () => {
    const first = await post(`${PRODUCT}/memories`, 'm-1', MEMORY);
    const again = await post(`${PRODUCT}/memories`, 'm-1', MEMORY);
    expect(first.status).toBe(201);
    expect(again.status).toBe(201);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('location')).toBe(first.headers.get('location'));
    expect(again.headers.get('idempotent-replayed')).toBe('true');
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    expect(await count('memory_inheritance')).toBe(1);
  });

  test('with another body answers 422 and writes nothing', async () => {
    await post(`${PRODUCT}/mistake-patterns/reused/occurrences`, 'o-1', { detail: 'one' });
    const other = await post(`${PRODUCT}/mistake-patterns/reused/occurrences`, 'o-1', { detail: 'two' });
    expect([other.status, other.body['code']]).toEqual([422, 'idempotency_key_reused']);
    const pattern = await nagaya.request('GET', `${PRODUCT}/mistake-patterns/reused`);
    expect(pattern.body).toMatchObject({ occurrences: 1 });
  });

  test('sent twenty times at once is carried out once, and all get its answer', async () => {
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => post(`${PRODUCT}/mistake-patterns/at-once/occurrences`, 'o-2', { detail: 'x' })),
    );
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 201));
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
    expect(answers[0]?.body).toMatchObject({ occurrences: 1 });
  });

  test('that fails is forgotten: the next one with that key is carried out', async () => {
    const bad = await post(`${PRODUCT}/events`, 'e-1', { eventType: 'x', eventData: {}, timestamp: '1999-01-01T00:00:00Z' });
    expect(bad.status).toBe(400);
    const good = await post(`${PRODUCT}/events`, 'e-1', { eventType: 'x', eventData: {} });
    expect(good.status).toBe(201);
  });

  test('means one key, method and path of one API key: elsewhere the same key is another', async () => {
    const here = await post(`${PRODUCT}/memories`, 'shared', MEMORY);
    const there = await post(`${PRODUCT}/events`, 'shared', { eventType: 'x', eventData: {} });
    const somebody = await post(`${PRODUCT}/memories`, 'shared', MEMORY, nagaya.keys.operator);
    const neighbour = await post('/v1/products/tea_house/events', 'shared', { eventType: 'x', eventData: {} }, nagaya.keys.teaHouse);
    expect([here, there, somebody, neighbour].map((answer) => [answer.status, answer.headers.get('idempotent-replayed')])).toEqual(
      Array.from({ length: 4 }, () => [201, null]),
    );
  });

  test('works for batches, transactions and operators; a key that was made is not shown a second time', async () => {
    const batch = { items: [{ sessionId: 's', userMessage: 'a', aiResponse: 'b' }] };
    const rows = await count('conversation_context');
    expect((await post(`${PRODUCT}/conversations/batch`, 'c-1', batch)).body).toEqual((await post(`${PRODUCT}/conversations/batch`, 'c-1', batch)).body);
    expect(await count('conversation_context')).toBe(rows + 1);

    const inherit = { fromSessionId: 's1' };
    expect((await post(`${PRODUCT}/sessions/s2/inherit`, 'i-1', inherit)).body).toEqual((await post(`${PRODUCT}/sessions/s2/inherit`, 'i-1', inherit)).body);
    expect(await count('inheritance_bundles')).toBe(1);

    const template = { templateType: 't', version: '1', configData: {} };
    const [made, repeated] = [await post('/v1/template-configs', 't-1', template, nagaya.keys.operator), await post('/v1/template-configs', 't-1', template, nagaya.keys.operator)];
    expect([made.status, repeated.status]).toEqual([201, 201]);

    const key = await post('/v1/api-keys', 'k-1', { name: 'once' }, nagaya.keys.operator);
    const keyAgain = await post('/v1/api-keys', 'k-1', { name: 'once' }, nagaya.keys.operator);
    expect(key.body).toHaveProperty('key');
    expect(keyAgain.status).toBe(201);
    expect(keyAgain.body).not.toHaveProperty('key');
    expect(keyAgain.body['id']).toBe(key.body['id']);
    const stored = await nagaya.service.databases.control.query<{ text: string }>('SELECT response::text AS text FROM core.idempotency_records');
    expect(stored.map((row) => row.text).join()).not.toContain(String(key.body['key']));

    const suspended = await post('/v1/products/tea_house/suspend', 's-1', {}, nagaya.keys.operator);
    expect([suspended.status, suspended.body['status']]).toEqual([200, 'suspended']);
  });

  test('counts anew after 24 hours', async () => {
    await post(`${PRODUCT}/memories`, 'old', MEMORY);
    await nagaya.service.databases.control.query(`UPDATE core.idempotency_records SET created_at = now() - interval '25 hours'`);
    const anew = await post(`${PRODUCT}/memories`, 'old', MEMORY);
    expect([anew.status, anew.headers.get('idempotent-replayed')]).toEqual([201, null]);
  });

  test.each(['', ' ', 'a'.repeat(256), 'tab\there'])('that is not well-formed is refused: %j', async (key) => {
    const answer = await post(`${PRODUCT}/memories`, key, MEMORY);
    expect([answer.status, answer.body['code']]).toEqual([400, 'validation_failed']);
  });

  test('a read takes no notice of it', async () => {
    const answer = await nagaya.request('GET', `${PRODUCT}/memories`, { headers: { 'idempotency-key': 'r-1' } });
    expect([answer.status, answer.headers.get('idempotent-replayed')]).toEqual([200, null]);
  });
});
