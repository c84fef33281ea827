import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startTestService, type Answer, type TestService } from '../support/service.js';

interface Item {
  memory: { id: string; memoryContent: unknown; retentionPriority: number; createdAt: string };
  tokens: number;
  included: boolean;
  reason: string;
}
interface Given {
  content: object;
  priority: number;
  /** Days before today. */
  age: number;
  expired: boolean;
}

let nagaya: TestService;
let sessions = 0;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const inherit = (sessionId: string, body: object): Promise<Answer> =>
  nagaya.request('POST', `/v1/products/coding_rule2/sessions/${encodeURIComponent(sessionId)}/inherit`, { body });
const query = <Row extends object>(sql: string, values: unknown[]) => nagaya.service.databases.product('coding_rule2').query<Row>(sql, values);

/** A session of its own with these memories. */
async function parent(memories: readonly Given[]): Promise<string> {
  const session = `parent-${++sessions}`;
  await query(
    `INSERT INTO memory_inheritance (session_id, memory_type, memory_content, retention_priority, created_at, expires_at)
     SELECT $1, 'decision', m.content, m.priority, timestamptz '2026-01-31Z' - make_interval(days => m.age), CASE WHEN m.expired THEN now() ELSE timestamptz '2999-01-01Z' END
       FROM unnest($2::jsonb[], $3::int[], $4::int[], $5::bool[]) AS m (content, priority, age, expired)`,
    [session, memories.map((m) => JSON.stringify(m.content)), memories.map((m) => m.priority), memories.map((m) => m.age), memories.map((m) => m.expired)],
  );
  return session;
}

const memory = (content: object, priority: number, age = 0, expired = false): Given => ({ content, priority, age, expired });
const tokensOf = (content: object) => Math.ceil(Buffer.byteLength(JSON.stringify(content)) / 4);
/** Content of so many tokens. */
const worth = (tokens: number) => ({ t: 'x'.repeat(tokens * 4 - 8) });

describe('a session inherits', () => {
  test('the highest priority first, then the newest', async () => {
    const from = await parent([memory({ n: 1 }, 5, 3), memory({ n: 2 }, 9, 9), memory({ n: 3 }, 5, 1), memory({ n: 4 }, 10, 2)]);
    const answer = await inherit('child', { fromSessionId: from });
    expect(answer.status).toBe(201);
    const items = answer.body.items as Item[];
    expect(items.map((item) => item.memory.memoryContent)).toEqual([{ n: 4 }, { n: 2 }, { n: 3 }, { n: 1 }]);
    expect(answer.body).toMatchObject({ sessionId: 'child', fromSessionId: from, budgetTokens: 4000, usedTokens: 8 });
    expect(items.every((item) => item.included)).toBe(true);
  });

  test('nothing that has expired', async () => {
    const from = await parent([memory({ n: 1 }, 10, 0, true), memory({ n: 2 }, 1)]);
    const { body } = await inherit('child', { fromSessionId: from });
    expect((body.items as Item[]).map((item) => item.memory.memoryContent)).toEqual([{ n: 2 }]);
  });

  test('what fits: one that is too large is left out, and a smaller one after it still taken', async () => {
    const from = await parent([memory(worth(60), 9), memory(worth(50), 8), memory(worth(40), 7), memory(worth(3), 6)]);
    const { body } = await inherit('child', { fromSessionId: from, budgetTokens: 100 });
    expect((body.items as Item[]).map((item) => [item.tokens, item.included])).toEqual([
      [60, true],
      [50, false],
      [40, true],
      [3, false],
    ]);
    expect(body).toMatchObject({ budgetTokens: 100, usedTokens: 100 });
  });

  test('by tokens that are counted from UTF-8: three bytes for a Japanese character', async () => {
    const content = { text: '移行は手で書く。' };
    const from = await parent([memory(content, 5)]);
    // {"text":"…"} is 11 bytes beside the 8 characters of 3 bytes: 35 bytes, 9 tokens.
    expect((await inherit('child', { fromSessionId: from, budgetTokens: 9 })).body).toMatchObject({ usedTokens: 9 });
    expect((await inherit('child', { fromSessionId: from, budgetTokens: 8 })).body).toMatchObject({ usedTokens: 0, items: [{ tokens: 9, included: false }] });
  });

  test('as a greedy choice in that order would have it, whatever the memories and the budget', async () => {
    const content = fc.record({ a: fc.string({ maxLength: 60 }), b: fc.integer() }).filter(({ a }) => !a.includes('\0'));
    const given = fc.record({ content, priority: fc.integer({ min: 1, max: 10 }), age: fc.integer({ min: 0, max: 1000 }), expired: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(given, { maxLength: 12, selector: (m) => m.age }), fc.integer({ min: 0, max: 120 }), async (memories, budgetTokens) => {
        const { body } = await inherit('child', { fromSessionId: await parent(memories), budgetTokens });
        let left = budgetTokens;
        const expected = memories
          .filter((m) => !m.expired)
          .sort((a, b) => b.priority - a.priority || a.age - b.age)
          .map((m) => {
            const tokens = tokensOf(m.content);
            const included = tokens <= left;
            if (included) left -= tokens;
            return { content: m.content, tokens, included };
          });
        const items = body.items as Item[];
        expect(items.map((item) => ({ content: item.memory.memoryContent, tokens: item.tokens, included: item.included }))).toEqual(expected);
        expect(body['usedTokens']).toBe(budgetTokens - left);
      }),
      { numRuns: 15, seed: 11 },
    );
  });

  test('and is told why each memory was taken or left out', async () => {
    const from = await parent([memory(worth(3_000), 9), memory(worth(1_500), 2)]);
    const { body } = await inherit('child', { fromSessionId: from });
    expect((body.items as Item[]).map((item) => item.reason)).toEqual([
      'priority 9; 3,000 tokens fit in the 4,000 that were left',
      'priority 2; 1,500 tokens do not fit in the 1,000 that were left',
    ]);
  });

  test('nothing from a session without memories, and with a budget of nothing', async () => {
    expect((await inherit('child', { fromSessionId: 'nobody' })).body).toMatchObject({ usedTokens: 0, items: [] });
    const from = await parent([memory({}, 10)]);
    expect((await inherit('child', { fromSessionId: from, budgetTokens: 0 })).body).toMatchObject({ usedTokens: 0, items: [{ tokens: 1, included: false }] });
  });
});

describe('what was handed on', () => {
  test('is on record, item by item, and stays when the memory is gone', async () => {
    const from = await parent([memory(worth(30), 9), memory(worth(80), 8)]);
    const { body } = await inherit('子 / child', { fromSessionId: from, budgetTokens: 50 });
    const items = body.items as Item[];
    await query('DELETE FROM memory_inheritance WHERE session_id = $1', [from]);
    const bundles = await query('SELECT session_id, from_session_id, budget_tokens, used_tokens FROM inheritance_bundles WHERE id = $1', [body['id']]);
    expect(bundles).toEqual([{ session_id: '子 / child', from_session_id: from, budget_tokens: 50, used_tokens: 30 }]);
    const kept = await query('SELECT position, memory_id, tokens, included, reason FROM inheritance_items WHERE bundle_id = $1 ORDER BY position', [body['id']]);
    expect(kept).toEqual(items.map((item, position) => ({ position, memory_id: item.memory.id, tokens: item.tokens, included: item.included, reason: item.reason })));
  });

  test('is a new bundle each time it is asked for', async () => {
    const from = await parent([memory({ n: 1 }, 5)]);
    const [one, two] = [await inherit('again', { fromSessionId: from }), await inherit('again', { fromSessionId: from })];
    expect(two.body['id']).not.toBe(one.body['id']);
    expect(await query('SELECT id FROM inheritance_bundles WHERE session_id = $1', ['again'])).toHaveLength(2);
  });
});

test('a session does not inherit from itself, and no bundle is recorded', async () => {
  const from = await parent([memory({ n: 1 }, 5)]);
  const answer = await inherit(from, { fromSessionId: from });
  expect([answer.status, answer.body['code'], answer.body['errors']]).toEqual([400, 'validation_failed', [{ pointer: '/fromSessionId', detail: expect.any(String) }]]);
  expect(await query('SELECT id FROM inheritance_bundles WHERE session_id = $1', [from])).toEqual([]);
});

test.each([-1, 1.5, '4000', 10_000_001])('a budget of %j is refused', async (budgetTokens) => {
  const answer = await inherit('child', { fromSessionId: 'x', budgetTokens });
  expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer: '/budgetTokens', detail: expect.any(String) }]]);
});
