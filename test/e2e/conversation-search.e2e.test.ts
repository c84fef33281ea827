import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { quoteIdent } from '../../src/database/quote-ident.js';
import { seeded } from '../support/seeded.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { asBase64, near, randomVector, similarity } from '../support/vectors.js';

interface Said {
  id: string;
  sessionId: string;
  importanceLevel: string;
  vector: Float32Array;
}
interface Found {
  id: string;
  sessionId: string;
  importanceLevel: string;
  similarity: number;
}

const PATH = '/v1/products/coding_rule2/conversations';
const random = seeded(42);
const QUERY = randomVector(random);
const OPPOSITE = QUERY.map((x) => -x);

let nagaya: TestService;
/** One data set for all: the embedded engine indexes some forty vectors a second. */
let said: Said[];

/**
 * In a table as small as this one the planner would rather sort, and no search would ever come back short. Without these
 * ways it asks the index, as it does in a large one. Set before the product's first connection, in this database alone.
 */
async function sparePlannerSorting(): Promise<void> {
  await withAdmin(requireAdminUrl(nagaya.service.cluster), async (admin) => {
    const [row] = await admin.query<{ name: string }>('SELECT current_database() AS name');
    for (const way of ['enable_seqscan', 'enable_bitmapscan', 'enable_sort']) {
      await admin.query(`ALTER ROLE coding_rule2 IN DATABASE ${quoteIdent(row?.name ?? '')} SET ${way} = off`);
    }
  });
}

beforeAll(async () => {
  nagaya = await startTestService();
  await sparePlannerSorting();
  // A crowd that stands near the query, and few others on the far side: what an index finds first is the crowd.
  const crowd = Array.from({ length: 300 }, () => ({ sessionId: 'crowd', importanceLevel: 'normal', vector: near(QUERY, 0.3, random) }));
  const far = Array.from({ length: 5 }, (_, n) => ({ sessionId: 'far', importanceLevel: n < 2 ? 'critical' : 'high', vector: near(OPPOSITE, 0.5, random) }));
  const between = Array.from({ length: 30 }, () => ({ sessionId: 'between', importanceLevel: 'low', vector: randomVector(random) }));
  const rows = [...crowd, ...far, ...between];
  const items = rows.map(({ vector, ...row }) => ({ ...row, userMessage: 'q', aiResponse: 'a', embedding: asBase64(vector) }));
  const ids = [
    ...(await recorded(items.slice(0, 200))),
    ...(await recorded([...items.slice(200), { sessionId: 'far', userMessage: 'no embedding', aiResponse: '', importanceLevel: 'critical' }])),
  ];
  said = rows.map((row, index) => ({ ...row, id: ids[index] ?? '' }));
  // From here on the clock does not matter: the two halves were recorded on two days.
  await nagaya.service.databases
    .product('coding_rule2')
    .query(`UPDATE conversation_context SET created_at = CASE WHEN session_id = 'crowd' THEN timestamptz '2026-01-01Z' ELSE timestamptz '2026-02-01Z' END`);
});
afterAll(() => nagaya.stop());

async function recorded(items: readonly object[]): Promise<string[]> {
  const answer = await nagaya.request('POST', `${PATH}/batch`, { body: { items } });
  expect(answer.status).toBe(201);
  return (answer.body.items as { id: string }[]).map((item) => item.id);
}

const ask = (query: object, key?: string): Promise<Answer> =>
  nagaya.request('POST', `${PATH}/search`, { body: { embedding: asBase64(QUERY), ...query }, ...(key !== undefined && { key }) });

async function found(query: object): Promise<Found[]> {
  const answer = await ask(query);
  expect({ query, status: answer.status }).toEqual({ query, status: 200 });
  return answer.body.items;
}

/** What an exact search answers. */
function exact(matches: (row: Said) => boolean = () => true): { id: string; similarity: number }[] {
  return said
    .filter(matches)
    .map((row) => ({ id: row.id, similarity: similarity(QUERY, row.vector) }))
    .sort((a, b) => b.similarity - a.similarity);
}

/** The same rows in the same order, but for such as differ in the last digits of a float32; each with its own similarity. */
function expectSame(actual: readonly Found[], expected: readonly { id: string; similarity: number }[]): void {
  expect(actual).toHaveLength(expected.length);
  expect(new Set(actual.map((row) => row.id)).size).toBe(expected.length);
  const own = new Map(exact().map((row) => [row.id, row.similarity]));
  for (const [index, row] of actual.entries()) {
    expect(row.similarity).toBeCloseTo(own.get(row.id) ?? NaN, 5);
    expect(row.similarity).toBeCloseTo(expected[index]?.similarity ?? NaN, 5);
  }
}

test('these searches ask the index', async () => {
  const plan = await nagaya.service.databases
    .product('coding_rule2')
    .query(`EXPLAIN SELECT id FROM conversation_context WHERE session_id = 'far' ORDER BY vector_embedding <=> $1::vector LIMIT 5`, [`[${QUERY.join()}]`]);
  expect(JSON.stringify(plan)).toContain('conversation_context_vector_embedding_idx');
});

test('finds the most similar first; similarity is 1 − cosine distance', async () => {
  expectSame(await found({ limit: 10, efSearch: 1000 }), exact().slice(0, 10));
});

test('numbers find what base64 finds', async () => {
  const answer = await nagaya.request('POST', `${PATH}/search`, { body: { embedding: [...QUERY], limit: 5, sessionId: 'far' } });
  expect(answer.body.items).toEqual(await found({ limit: 5, sessionId: 'far' }));
});

test('a found conversation comes whole, without its embedding; ten unless the limit says otherwise', async () => {
  const [first, ...rest] = await found({});
  expect(first).toEqual({
    id: expect.any(String),
    sessionId: 'crowd',
    userMessage: 'q',
    aiResponse: 'a',
    contextData: {},
    importanceLevel: 'normal',
    createdAt: '2026-01-01T00:00:00.000Z',
    similarity: expect.any(Number),
    score: first?.similarity,
    textScore: null,
    ranks: { text: null, vector: 1 },
  });
  expect(rest).toHaveLength(9);
});

describe('filters never shorten the answer below what matches', () => {
  test('asked for over and over, as often as it takes for its plan to be kept, and then with other values', async () => {
    for (let n = 0; n < 8; n++) expectSame(await found({ minImportance: 'normal', limit: 10, efSearch: 1000 }), exact((row) => row.importanceLevel !== 'low').slice(0, 10));
    for (const minImportance of ['high', 'critical']) {
      expectSame(await found({ minImportance, limit: 10 }), exact((row) => row.importanceLevel === 'critical' || row.importanceLevel === minImportance));
    }
    expect(await found({ embeddingModel: 'of none', minImportance: 'low', limit: 10 })).toEqual([]);
  });

  test.each([
    ['a session on the far side', { sessionId: 'far' }, (row: Said) => row.sessionId === 'far'],
    ['an importance that only the far side has', { minImportance: 'high' }, (row: Said) => row.sessionId === 'far'],
    ['the highest importance', { minImportance: 'critical' }, (row: Said) => row.importanceLevel === 'critical'],
    ['a time after the crowd', { since: '2026-01-15T00:00:00Z', sessionId: 'far' }, (row: Said) => row.sessionId === 'far'],
  ])('%s, five wanted', async (_what, filter, matches) => {
    for (const efSearch of [1, 100]) expectSame(await found({ ...filter, limit: 5, efSearch }), exact(matches).slice(0, 5));
  });

  test('a limit above what matches answers all that matches', async () => {
    expectSame(await found({ sessionId: 'between', limit: 100 }), exact((row) => row.sessionId === 'between'));
    expectSame(await found({ sessionId: 'far', limit: 100 }), exact((row) => row.sessionId === 'far'));
  });

  test('a limit of 100 is filled, also with few candidates a round', async () => {
    const rows = await found({ limit: 100, efSearch: 1 });
    expect(rows).toHaveLength(100);
    expect(new Set(rows.map((row) => row.id)).size).toBe(100);
    expect(rows.map((row) => row.similarity)).toEqual(rows.map((row) => row.similarity).sort((a, b) => b - a));
  });
});

describe('a filter', () => {
  test('by importance takes the level and those above it', async () => {
    const levels = async (minImportance: string) => new Set((await found({ minImportance, limit: 100, since: '2026-01-15T00:00:00Z' })).map((row) => row.importanceLevel));
    expect(await levels('low')).toEqual(new Set(['low', 'high', 'critical']));
    expect(await levels('normal')).toEqual(new Set(['high', 'critical']));
    expect(await levels('critical')).toEqual(new Set(['critical']));
  });

  test('by time takes the first moment in and leaves the last out', async () => {
    const sessions = async (range: object) => [...new Set((await found({ ...range, limit: 100 })).map((row) => row.sessionId))].sort();
    expect(await sessions({ since: '2026-02-01T00:00:00Z' })).toEqual(['between', 'far']);
    expect(await sessions({ until: '2026-02-01T00:00:00Z' })).toEqual(['crowd']);
    expect(await sessions({ since: '2026-01-01T00:00:00Z', until: '2026-01-01T00:00:00.001Z' })).toEqual(['crowd']);
    expect(await sessions({ since: '2026-03-01T00:00:00Z' })).toEqual([]);
  });

  test('by similarity cuts where it says', async () => {
    const least = -0.02;
    const expected = exact((row) => row.sessionId === 'between' && similarity(QUERY, row.vector) >= least);
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(30);
    expectSame(await found({ sessionId: 'between', minSimilarity: least, limit: 100 }), expected);
    expect(await found({ minSimilarity: 1, limit: 100 })).toEqual([]);
  });
});

test('what has no embedding is never found', async () => {
  const rows = await found({ sessionId: 'far', limit: 100 });
  expect(rows).toHaveLength(5);
});

test('a deleted conversation is no longer found', async () => {
  const twin = near(QUERY, 0, random);
  const [id = ''] = await recorded([{ sessionId: 'twin', userMessage: '', aiResponse: '', embedding: asBase64(twin) }]);
  expect((await found({ limit: 1 })).map((row) => [row.id, Math.round(row.similarity * 1e6) / 1e6])).toEqual([[id, 1]]);
  expect((await nagaya.request('DELETE', `${PATH}/${id}`)).status).toBe(204);
  expectSame(await found({ limit: 1, efSearch: 1000 }), exact().slice(0, 1));
  expect(await found({ sessionId: 'twin' })).toEqual([]);
});

test('a read-only key may search', async () => {
  const answer = await ask({ limit: 1 }, nagaya.keys.readOnly);
  expect([answer.status, answer.body.items.length]).toEqual([200, 1]);
});

test.each([
  ['efSearch', 0],
  ['efSearch', 1001],
  ['efSearch', 10.5],
  ['limit', 0],
  ['limit', 101],
  ['minSimilarity', 1.01],
  ['minSimilarity', -1.01],
  ['minImportance', 'urgent'],
  ['embedding', [1, 2, 3]],
])('refuses %s %j', async (field, value) => {
  const answer = await ask({ [field]: value });
  expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer: `/${field}`, detail: expect.any(String) }]]);
});

test.each([1, 1000])('takes efSearch %d', async (efSearch) => {
  expect(await found({ efSearch, limit: 3 })).toHaveLength(3);
});
