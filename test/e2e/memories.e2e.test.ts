import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MemoriesService } from '../../src/products/coding-rule2/memories/memories.service.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

interface Memory {
  id: string;
  memoryType: string;
  createdAt: string;
}

const PATH = '/v1/products/coding_rule2/memories';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const remember = (sessionId: string, more: object = {}): Promise<Answer> =>
  nagaya.request('POST', PATH, { body: { sessionId, memoryType: 'decision', memoryContent: { text: '手で書く' }, ...more } });
const listed = async (query: string, limit = 100): Promise<Memory[]> => (await walk<Memory>(nagaya, `${PATH}?${query}`, { limit })).flat();
/** Time passes: what was to expire in an hour has. */
const expire = (id: unknown) =>
  nagaya.service.databases.product('coding_rule2').query(`UPDATE memory_inheritance SET expires_at = clock_timestamp() WHERE id = $1`, [id]);

describe('recording a memory', () => {
  test('answers 201 with the row; priority 5 and no end unless said', async () => {
    const answer = await remember('recorded');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${PATH}/${answer.body['id']}`);
    expect(answer.body).toEqual({
      id: expect.any(String),
      sessionId: 'recorded',
      memoryType: 'decision',
      memoryContent: { text: '手で書く' },
      retentionPriority: 5,
      expiresAt: null,
      createdAt: expect.any(String),
    });
    expect(await listed('sessionId=recorded')).toEqual([answer.body]);
  });

  test('keeps the moment of expiry, whatever offset it was written with', async () => {
    const answer = await remember('recorded', { retentionPriority: 10, expiresAt: '2999-01-01T09:00:00+09:00' });
    expect(answer.body).toMatchObject({ retentionPriority: 10, expiresAt: '2999-01-01T00:00:00.000Z' });
  });

  test.each([0, 11, 5.5, '5'])('refuses the priority %j', async (retentionPriority) => {
    const answer = await remember('recorded', { retentionPriority });
    expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer: '/retentionPriority', detail: 'must be a whole number from 1 to 10' }]]);
  });
});

describe('an expired memory', () => {
  test('is never listed and cannot be deleted, from the moment on at which it expires', async () => {
    const { body } = await remember('expiring', { expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    const kept = await remember('expiring');
    expect(await listed('sessionId=expiring')).toEqual([kept.body, body]);
    await expire(body['id']);
    expect(await listed('sessionId=expiring')).toEqual([kept.body]);
    expect((await nagaya.request('DELETE', `${PATH}/${body['id']}`)).status).toBe(404);
  });

  test('is not there either when it was recorded with a time that has passed', async () => {
    const { status, body } = await remember('late', { expiresAt: '2020-01-01T00:00:00Z' });
    expect(status).toBe(201);
    expect(await listed('sessionId=late')).toEqual([]);
    expect((await nagaya.request('DELETE', `${PATH}/${body['id']}`)).status).toBe(404);
  });

  test('is purged, and nothing else is', async () => {
    const { body: gone } = await remember('purged', { expiresAt: '2999-01-01T00:00:00Z' });
    const { body: kept } = await remember('purged', { expiresAt: '2999-01-01T00:00:00Z' });
    await expire(gone['id']);
    await nagaya.service.app.get(MemoriesService, { strict: false }).purgeExpired(new AbortController().signal);
    const left = await nagaya.service.databases.product('coding_rule2').query(`SELECT id FROM memory_inheritance WHERE session_id = 'purged'`);
    expect(left).toEqual([{ id: kept['id'] }]);
  });
});

describe('listing memories', () => {
  test('filters by session, kind and time, newest first, every row once', async () => {
    await nagaya.service.databases.product('coding_rule2').query(`
      INSERT INTO memory_inheritance (session_id, memory_type, memory_content, created_at, expires_at)
      SELECT 'listed', 'kind-' || n % 2, '{}', timestamptz '2026-01-01 00:00:00Z' + make_interval(mins => n / 4), CASE WHEN n % 5 = 0 THEN now() END
        FROM generate_series(0, 39) n`);
    const rows = await listed('sessionId=listed', 7);
    expect(rows).toHaveLength(32);
    expect(new Set(rows.map((row) => row.id)).size).toBe(32);
    expect(rows.map((row) => row.createdAt)).toEqual(rows.map((row) => row.createdAt).sort().toReversed());
    expect(await listed('sessionId=listed&memoryType=kind-1', 3)).toEqual(rows.filter((row) => row.memoryType === 'kind-1'));
    const range = 'sessionId=listed&since=2026-01-01T00:02:00Z&until=2026-01-01T00:05:00Z';
    expect(await listed(range)).toEqual(rows.filter((row) => row.createdAt >= '2026-01-01T00:02:00' && row.createdAt < '2026-01-01T00:05:00'));
  });
});

test('a deleted memory is gone: 204 once, then 404', async () => {
  const { body } = await remember('deleted');
  expect((await nagaya.request('DELETE', `${PATH}/${body['id']}`)).status).toBe(204);
  expect((await nagaya.request('DELETE', `${PATH}/${body['id']}`)).status).toBe(404);
  expect(await listed('sessionId=deleted')).toEqual([]);
});
