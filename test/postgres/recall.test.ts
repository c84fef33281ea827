import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asSuperuser } from '../support/postgres-server.js';
import { seeded } from '../support/seeded.js';
import { startTestService, type TestService } from '../support/service.js';
import { asBase64, near, randomVector } from '../support/vectors.js';
import { RoleSession } from './support/role-session.js';

const CLUSTERS = 20;
/** More than the index considers at first: whose whole cluster a filter takes away must be searched for further out. */
const A_CLUSTER = 150;
/** The first clusters hold nothing but conversations of low importance. */
const LOW_CLUSTERS = 8;
const BATCH = 250;
const QUERIES = 40;
/** Neighbours within a cluster lie about as far apart as sentences on one subject do: at a similarity of 0.8. */
const SPREAD = 0.5;

interface Hit {
  readonly id: string;
  readonly importanceLevel: string;
}

let nagaya: TestService;
let coding: RoleSession;
const random = seeded(20261124);
const centres = Array.from({ length: CLUSTERS }, () => randomVector(random));
const queries = Array.from({ length: QUERIES }, (_, index) => near(centres[index % CLUSTERS] ?? new Float32Array(), SPREAD, random));

beforeAll(async () => {
  nagaya = await startTestService();
  const items = centres.flatMap((centre, cluster) =>
    Array.from({ length: A_CLUSTER }, (_, index) => ({
      // Every hundredth belongs to the rare session; three of each other cluster are critical.
      sessionId: (cluster * A_CLUSTER + index) % 100 === 0 ? 'rare' : `session-${cluster}`,
      importanceLevel: cluster < LOW_CLUSTERS ? 'low' : index < 3 ? 'critical' : 'normal',
      userMessage: `question ${cluster}/${index}`,
      aiResponse: 'answer',
      embedding: asBase64(near(centre, SPREAD, random)),
    })),
  );
  for (let start = 0; start < items.length; start += BATCH) {
    const answer = await nagaya.request('POST', '/v1/products/coding_rule2/conversations/batch', { body: { items: items.slice(start, start + BATCH) } });
    if (answer.status !== 201) throw new Error(`The batch was answered with ${answer.status}.`);
  }
  await asSuperuser(nagaya.database.name, 'ANALYZE coding_rule2.conversation_context');
  coding = await RoleSession.open(nagaya.service.cluster.urlOf('coding_rule2'));
});
afterAll(async () => {
  await coding.close();
  await nagaya.stop();
});

async function search(query: Float32Array, options: Record<string, unknown>): Promise<Hit[]> {
  const answer = await nagaya.request('POST', '/v1/products/coding_rule2/conversations/search', { body: { embedding: asBase64(query), ...options } });
  expect(answer.status).toBe(200);
  return answer.body.items;
}

/** Every row compared, no index asked. */
async function exact(query: Float32Array, limit: number, where = 'true'): Promise<string[]> {
  const rows = await coding.rows<{ id: string }>(
    `SELECT id FROM coding_rule2.conversation_context WHERE ${where} ORDER BY (vector_embedding <=> $1::vector) + 0 LIMIT ${limit}`,
    [`[${query.join(',')}]`],
  );
  return rows.map((row) => row.id);
}

async function recall(limit: number, options: Record<string, unknown>, where?: string): Promise<{ recall: number; shortest: number }> {
  let found = 0;
  let shortest = limit;
  for (const query of queries) {
    const hits = await search(query, { limit, ...options });
    const truth = new Set(await exact(query, limit, where));
    found += hits.filter((hit) => truth.has(hit.id)).length;
    shortest = Math.min(shortest, hits.length);
  }
  return { recall: found / (limit * queries.length), shortest };
}

describe(`search over ${CLUSTERS * A_CLUSTER} conversations, against comparing every one of them`, () => {
  test('the index is what answers', async () => {
    const [plan] = await coding.rows<{ 'QUERY PLAN': string }>(
      `EXPLAIN SELECT id FROM coding_rule2.conversation_context WHERE vector_embedding IS NOT NULL ORDER BY vector_embedding <=> '[${queries[0]?.join(',') ?? ''}]' LIMIT 10`,
    ).then((rows) => rows.filter((row) => row['QUERY PLAN'].includes('Index Scan')));
    expect(plan?.['QUERY PLAN']).toContain('conversation_context_vector_embedding_idx');
  });

  test('recall@10 is at least 0.95', async () => {
    const result = await recall(10, {});
    expect(result.recall).toBeGreaterThanOrEqual(0.95);
    expect(result.shortest).toBe(10);
  });

  test('recall@100 is at least 0.95', async () => {
    const result = await recall(100, {});
    expect(result.recall).toBeGreaterThanOrEqual(0.95);
    expect(result.shortest).toBe(100);
  });

  test.each([
    ['one row in eighty', 10, { minImportance: 'critical' }, `importance_level = 'critical'`],
    ['one row in a hundred', 10, { sessionId: 'rare' }, `session_id = 'rare'`],
    ['one session of twenty', 20, { sessionId: 'session-3' }, `session_id = 'session-3'`],
  ])('a filter that leaves %s never shortens the answer, and finds what is nearest', async (_what, limit, options, where) => {
    const result = await recall(limit, options, where);
    expect(result.shortest).toBe(limit);
    expect(result.recall).toBeGreaterThanOrEqual(0.95);
  });

  test('a filter that takes away more than the index considers at first does not shorten the answer either', async () => {
    for (const query of queries.slice(0, LOW_CLUSTERS)) {
      const nearest = await search(query, { limit: 100 });
      expect(nearest.filter((hit) => hit.importanceLevel !== 'low')).toEqual([]);
      const filtered = await search(query, { limit: 10, minImportance: 'normal' });
      expect(filtered).toHaveLength(10);
      expect(filtered.filter((hit) => hit.importanceLevel === 'low')).toEqual([]);
    }
  });

  test('a filter that matches fewer than asked for answers all of them', async () => {
    const [query = new Float32Array()] = queries;
    const hits = await search(query, { limit: 100, minImportance: 'critical' });
    expect(hits.map((hit) => hit.id)).toEqual(await exact(query, 100, `importance_level = 'critical'`));
    expect(hits).toHaveLength(3 * (CLUSTERS - LOW_CLUSTERS));
  });
});
