import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';

interface Item {
  memory: { id: string; memoryContent: { text: string } } | null;
  memoryId: string;
  generation: number;
  included: boolean;
  reason: string;
}

const PRODUCT = '/v1/products/coding_rule2';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const post = (path: string, body: object = {}): Promise<Answer> => nagaya.request('POST', `${PRODUCT}/${path}`, { body });
const get = (path: string): Promise<Answer> => nagaya.request('GET', `${PRODUCT}/${path}`);
const remember = async (sessionId: string, text: string, more: object = {}): Promise<string> =>
  (await post('memories', { sessionId, memoryType: 'lesson', memoryContent: { text }, ...more })).body['id'] ?? '';
const inherit = (sessionId: string, fromSessionId: string, more: object = {}): Promise<Answer> => post(`sessions/${sessionId}/inherit`, { fromSessionId, ...more });
const itemsOf = (answer: Answer): Item[] => answer.body.items;
const query = <Row extends object>(sql: string, values: unknown[] = []) => nagaya.service.databases.product('coding_rule2').query<Row>(sql, values);

describe('a line of sessions', () => {
  test('hands memories on from generation to generation, each once, and says how far up it came from', async () => {
    await remember('line-1', 'eldest', { retentionPriority: 9 });
    await remember('line-2', 'middle', { retentionPriority: 9 });
    await inherit('line-2', 'line-1');
    await inherit('line-3', 'line-2');
    // A second way up, and a shorter one.
    await inherit('line-3', 'line-1');
    const items = itemsOf(await inherit('line-4', 'line-3'));
    expect(items.map((item) => [item.memory?.memoryContent.text, item.generation])).toEqual([['middle', 2], ['eldest', 2]]);
    expect(items[0]?.reason).toMatch(/^priority 9, 2 generations up; \d+ tokens fit/);
  });

  test('never becomes a circle, however long, and the refusal leaves nothing behind', async () => {
    await inherit('ring-2', 'ring-1');
    await inherit('ring-3', 'ring-2');
    const refused = await inherit('ring-1', 'ring-3');
    expect(refusal(refused)).toEqual([409, 'conflict', '/fromSessionId']);
    expect(refused.body['errors']?.[0]?.['detail']).toBe('ring-3 inherits from ring-1 already, directly or through other sessions');
    expect((await get('sessions/ring-1/inheritance')).body.items).toEqual([]);
  });

  test('never becomes a circle either where sessions adopt each other at the same moment', async () => {
    const pairs = Array.from({ length: 12 }, (_, n) => [`twin-${n}-a`, `twin-${n}-b`] as const);
    const answers = await Promise.all(pairs.flatMap(([a, b]) => [inherit(a, b), inherit(b, a)]));
    for (const [index] of pairs.entries()) {
      expect([answers[2 * index]?.status, answers[2 * index + 1]?.status].toSorted((a = 0, b = 0) => a - b)).toEqual([201, 409]);
    }
  });
});

describe('a bundle', () => {
  test('is read again as it was made, also when a memory is gone since', async () => {
    await remember('read-1', 'stays');
    const gone = await remember('read-1', 'goes');
    const made = await inherit('read-2', 'read-1', { task: 'what goes' });
    expect(made.headers.get('location')).toBe(`${PRODUCT}/inheritance/${made.body['id']}`);
    expect((await get(`inheritance/${made.body['id']}`)).body).toEqual(made.body);
    await nagaya.request('DELETE', `${PRODUCT}/memories/${gone}`);
    const items = itemsOf(await get(`inheritance/${made.body['id']}`));
    expect(items.map((item) => [item.memoryId, item.memory === null])).toEqual(itemsOf(made).map((item) => [item.memoryId, item.memoryId === gone]));
    const { items: _, ...summary } = made.body;
    expect((await get('sessions/read-2/inheritance')).body).toEqual({ items: [summary], nextCursor: null });
    expect((await get('inheritance/0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e')).status).toBe(404);
  });

  test('with a task takes first what speaks of it, and can leave out what was said already', async () => {
    await remember('task-1', 'Prefers tabs over spaces.', { retentionPriority: 7 });
    await remember('task-1', '請求書の表は移行で変える。', { retentionPriority: 5 });
    await remember('task-1', '請求書の表は移行で変える！', { retentionPriority: 4 });
    const answer = await inherit('task-2', 'task-1', { task: '請求書の表に列を足す', leaveOutNearDuplicates: true });
    expect(itemsOf(answer).map((item) => [item.memory?.memoryContent.text, item.included])).toEqual([
      ['請求書の表は移行で変える。', true],
      ['請求書の表は移行で変える！', false],
      ['Prefers tabs over spaces.', true],
    ]);
    expect(itemsOf(answer)[1]?.reason).toContain('says nearly the same as number 1, which was taken');
  });
});

describe('a handoff', () => {
  test('writes summary, questions and memories, which the next session inherits', async () => {
    const answer = await post('sessions/hand-1/handoff', {
      summary: 'The migration is written.',
      openQuestions: ['Is the way back tested?', '番号は残るか。'],
      memories: [{ memoryType: 'decision', memoryContent: { text: 'No ORM.' }, retentionPriority: 10 }],
    });
    expect(answer.status).toBe(201);
    expect(answer.body).toMatchObject({
      sessionId: 'hand-1',
      summary: { memoryType: 'session_summary', memoryContent: { text: 'The migration is written.' }, retentionPriority: 9 },
      openQuestions: [{ memoryContent: { text: 'Is the way back tested?' } }, { memoryContent: { text: '番号は残るか。' } }],
      memories: [{ memoryType: 'decision', retentionPriority: 10 }],
    });
    expect(itemsOf(await inherit('hand-2', 'hand-1')).map((item) => item.memory?.memoryContent.text)).toEqual(
      expect.arrayContaining(['No ORM.', 'The migration is written.', 'Is the way back tested?', '番号は残るか。']),
    );
  });

  test('is refused whole where a part of it is wrong, at its place', async () => {
    const answer = await post('sessions/hand-3/handoff', { summary: 's', memories: [{ memoryType: 'decision', memoryContent: {} }, { memoryType: 'decision', memoryContent: {}, retentionPriority: 11 }] });
    expect(refusal(answer)).toEqual([400, 'validation_failed', '/memories/1/retentionPriority']);
    expect(refusal(await post('sessions/hand-3/handoff', { summary: 's', memories: [{ sessionId: 'other', memoryType: 't', memoryContent: {} }] }))).toEqual([400, 'validation_failed', '/memories/0/sessionId']);
    expect((await get('memories?sessionId=hand-3')).body.items).toEqual([]);
  });
});

describe('near-duplicates', () => {
  test('are merged into the most valuable of them, which keeps their words and outlives them all', async () => {
    const first = await remember('merge-1', 'Never force-push to the main branch.', { retentionPriority: 5, expiresAt: '2998-01-01T00:00:00Z' });
    const kept = await remember('merge-1', 'Never force-push to the main branch!', { retentionPriority: 8, expiresAt: '2997-01-01T00:00:00Z' });
    await remember('merge-1', 'Never force-push to main branch 2.', { retentionPriority: 8 });
    await remember('merge-1', 'Force-push to the main branch.', { retentionPriority: 8 });
    await remember('merge-other', 'Never force-push to the main branch.');

    const plan = await post('memories/merge', { sessionId: 'merge-1', plan: true });
    expect(plan.body).toMatchObject({ compared: 4, mergedCount: 1, plan: true });
    expect((await get('memories?sessionId=merge-1')).body.items).toHaveLength(4);

    const done = await post('memories/merge', { sessionId: 'merge-1' });
    expect(done.status).toBe(200);
    expect(done.body['merged']).toMatchObject([{ kept: { id: kept, expiresAt: '2998-01-01T00:00:00.000Z' }, sources: [{ id: first, memoryContent: { text: 'Never force-push to the main branch.' } }] }]);
    expect((await get('memories?sessionId=merge-1')).body.items).toHaveLength(3);
    expect((await get(`memories/${kept}`)).body).toMatchObject({ expiresAt: '2998-01-01T00:00:00.000Z' });
    expect((await get(`memories/${kept}/sources`)).body).toMatchObject({ items: [{ id: first, retentionPriority: 5, memoryContent: { text: 'Never force-push to the main branch.' } }] });
    expect((await post('memories/merge', { sessionId: 'merge-1' })).body).toMatchObject({ mergedCount: 0 });
    expect((await get('memories?sessionId=merge-other')).body.items).toHaveLength(1);
  });
});

describe('forgetting a session', () => {
  test('erases it everywhere, answers kept for repetition included, and counts that nothing is left', async () => {
    const secret = 'the secret of session seventy-seven';
    const idempotent = (path: string, body: object, key: string) => nagaya.request('POST', `${PRODUCT}/${path}`, { body, headers: { 'idempotency-key': key } });
    const memory = { sessionId: 'gone', memoryType: 'lesson', memoryContent: { text: secret } };
    await idempotent('memories', memory, 'memory');
    await idempotent('conversations', { sessionId: 'gone', userMessage: secret, aiResponse: 'yes' }, 'conversation');
    await idempotent('violations', { violationType: 'honesty', violationDescription: 'd', originalResponse: 'o', severityLevel: 'low', sessionId: 'gone' }, 'violation');
    await post('mistake-patterns/leaked/occurrences', { sessionId: 'gone', detail: secret });
    await idempotent('sessions/heir/inherit', { fromSessionId: 'gone' }, 'bundle');
    await inherit('gone', 'ancestor');
    // Reached through the heir, so only the item tells whose memory it was.
    await inherit('grandchild', 'heir');
    await remember('heir', 'of the heir');

    const answer = await post('sessions/gone/forget');
    expect(answer.status).toBe(200);
    const erased = Object.fromEntries((answer.body['erased'] as unknown as { table: string; how: string; rows: number }[]).map(({ table, how, rows }) => [`${table} ${how}`, rows]));
    expect(erased).toMatchObject({
      'memory_inheritance deleted': 1,
      'conversation_context deleted': 1,
      'inheritance_bundles deleted': 2,
      'inheritance_items deleted': 2,
      'session_parents deleted': 2,
      'mistake_occurrences unlinked': 1,
      'constitutional_violations unlinked': 1,
      'idempotency_records blanked': 4,
    });
    expect(answer.body['nothingLeft']).toBe(true);

    const tables = await query<{ name: string }>(`SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE c.relkind = 'r' AND (n.nspname = 'coding_rule2' OR c.relname = 'idempotency_records')`);
    expect(tables.length).toBeGreaterThan(8);
    for (const { name } of tables) {
      const [left] = await query<{ rows: number }>(`SELECT count(*)::int AS rows FROM ${name} t WHERE t::text LIKE '%"gone"%' OR t::text LIKE '%,gone,%' OR t::text LIKE $1`, [`%${secret}%`]);
      expect({ name, rows: left?.rows }).toEqual({ name, rows: 0 });
    }
    // The mistake still counts, and the heir keeps what is its own.
    expect((await get('mistake-patterns/leaked')).body).toMatchObject({ occurrences: 1 });
    expect((await get('memories?sessionId=heir')).body.items).toHaveLength(1);
    // A late repetition neither answers what was forgotten nor writes it again.
    expect(refusal(await idempotent('memories', memory, 'memory'))).toEqual([409, 'conflict']);
    expect((await post('sessions/gone/forget')).body).toMatchObject({ erasedCount: 0, nothingLeft: true });
  });

  test("takes its violations along if so asked, and is in the audit log whoever's key it was", async () => {
    await post('violations', { violationType: 'care', violationDescription: 'd', originalResponse: 'o', severityLevel: 'low', sessionId: 'audited' });
    await post('sessions/audited/forget?eraseViolations=true');
    expect((await get('violations?violationType=care')).body.items).toEqual([]);
    const lines = await nagaya.service.databases.control.query(`SELECT actor, action FROM core.audit_log WHERE target = $1`, [`${PRODUCT}/sessions/audited/forget`]);
    expect(lines).toEqual([{ actor: 'test', action: `POST ${PRODUCT}/sessions/:sessionId/forget` }]);
    expect((await nagaya.request('POST', `${PRODUCT}/sessions/x/forget`, { key: nagaya.keys.readOnly })).status).toBe(403);
  });
});

test('forgetting a memory erases it, what was merged into it, and its items in bundles', async () => {
  const source = await remember('one-1', 'Run the tests before you push.', { retentionPriority: 3 });
  const kept = await remember('one-1', 'Run the tests before you push!', { retentionPriority: 7 });
  const other = await remember('one-1', 'Prefers short answers.');
  const bundle = await inherit('one-2', 'one-1');
  await post('memories/merge', { sessionId: 'one-1' });
  const answer = await post(`memories/${kept}/forget`);
  expect(answer.body).toMatchObject({ nothingLeft: true, erasedCount: 4 });
  expect(itemsOf(await get(`inheritance/${bundle.body['id']}`)).map((item) => item.memoryId)).toEqual([other]);
  expect(await query('SELECT id FROM memory_sources WHERE id = $1', [source])).toEqual([]);
  expect((await get(`memories/${kept}`)).status).toBe(404);
  expect((await get(`memories/${other}`)).status).toBe(200);
});
