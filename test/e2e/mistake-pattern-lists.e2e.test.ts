import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

interface Pattern {
  id: string;
  patternType: string;
  occurrences: number;
  lastOccurrence: string | null;
  createdAt: string;
}

const PATH = '/v1/products/coding_rule2/mistake-patterns';

/** Sort keys that many rows share, and times that differ only in microseconds, which JSON does not show. */
const FILL = `
  INSERT INTO mistake_patterns (pattern_type, pattern_description, pattern_data, occurrences, last_occurrence, created_at)
  SELECT 'pattern ' || n, '', '{}', n % 4,
         CASE n % 3 WHEN 0 THEN NULL ELSE timestamptz '2026-01-01 00:00:00Z' + make_interval(secs => (n % 5) / 1000000.0) END,
         timestamptz '2026-01-01 00:00:00Z' + make_interval(secs => (n % 6) / 1000000.0)
    FROM generate_series(1, 41) n`;

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
  await nagaya.service.databases.product('coding_rule2').query(FILL);
});
afterAll(() => nagaya.stop());

describe.each([
  ['createdAt', 'created_at DESC, id DESC'],
  ['occurrences', 'occurrences DESC, id DESC'],
  ['lastOccurrence', 'last_occurrence DESC NULLS LAST, id DESC'],
])('ordered by %s', (orderBy, sql) => {
  const expected = async () => (await nagaya.service.databases.product('coding_rule2').query<{ id: string }>(`SELECT id FROM mistake_patterns ORDER BY ${sql}`)).map((row) => row.id);

  test.each([1, 7, 41, 100])('pages of %d give every row once, highest first, equal keys included', async (limit) => {
    const pages = await walk<Pattern>(nagaya, `${PATH}?orderBy=${orderBy}`, { limit });
    expect(pages.flat().map((pattern) => pattern.id)).toEqual(await expected());
    expect(pages.map((page) => page.length)).toEqual(Array.from({ length: Math.ceil(41 / limit) }, (_, n) => Math.min(limit, 41 - n * limit)));
  });
});

test('without an order it is the newest first', async () => {
  const [asIs, byTime] = await Promise.all([nagaya.request('GET', PATH), nagaya.request('GET', `${PATH}?orderBy=createdAt&limit=20`)]);
  expect(asIs.body).toEqual(byTime.body);
  expect(asIs.body.items).toHaveLength(20);
});

test('rows that come while a list is read neither repeat nor hide others', async () => {
  const before = (await walk<Pattern>(nagaya, `${PATH}?orderBy=createdAt`, { limit: 100 })).flat().map((pattern) => pattern.id);
  const first = await nagaya.request('GET', `${PATH}?limit=10`);
  const added = await nagaya.request('PUT', `${PATH}/newcomer`, { body: { patternDescription: 'x' } });
  expect(added.status).toBe(201);
  const second = await nagaya.request('GET', `${PATH}?limit=100&cursor=${first.body['nextCursor']}`);
  const seen = [...first.body.items, ...second.body.items].map((pattern: Pattern) => pattern.id);
  expect(seen).toEqual(before);
  await nagaya.service.databases.product('coding_rule2').query(`DELETE FROM mistake_patterns WHERE pattern_type = 'newcomer'`);
});

test('a cursor goes with its order: under another one it is refused', async () => {
  for (const [given, asked] of [['occurrences', 'createdAt'], ['lastOccurrence', 'createdAt'], ['createdAt', 'lastOccurrence']] as const) {
    const { body } = await nagaya.request('GET', `${PATH}?orderBy=${given}&limit=5`);
    const answer = await nagaya.request('GET', `${PATH}?orderBy=${asked}&cursor=${body['nextCursor']}`);
    expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer: '/query/cursor', detail: expect.any(String) }]]);
  }
});

test('a count beyond a billion has a next page too', async () => {
  const database = nagaya.service.databases.product('coding_rule2');
  await database.query(`UPDATE mistake_patterns SET occurrences = 2000000000 + occurrences`);
  try {
    const pages = await walk<Pattern>(nagaya, `${PATH}?orderBy=occurrences`, { limit: 20 });
    expect(pages.flat()).toHaveLength(41);
  } finally {
    await database.query(`UPDATE mistake_patterns SET occurrences = occurrences - 2000000000`);
  }
});
