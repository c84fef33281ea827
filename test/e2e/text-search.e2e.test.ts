import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/service.js';

const PATH = '/v1/products/coding_rule2/conversations';

interface Found {
  id: string;
  sessionId: string;
  userMessage: string;
  score: number;
  similarity: number | null;
  textScore: number | null;
  ranks: { text: number | null; vector: number | null };
}

let nagaya: TestService;

async function search(body: object): Promise<Found[]> {
  const answer = await nagaya.request('POST', `${PATH}/search`, { body });
  expect(answer.status).toBe(200);
  return (answer.body as unknown as { items: Found[] }).items;
}

async function record(items: { sessionId?: string; userMessage: string; aiResponse?: string }[]): Promise<string[]> {
  const answer = await nagaya.request('POST', `${PATH}/batch`, { body: { items: items.map((item) => ({ sessionId: 's', aiResponse: '', ...item })) } });
  expect(answer.status).toBe(201);
  return (answer.body as unknown as { items: { id: string }[] }).items.map(({ id }) => id);
}

async function sql<Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> {
  return nagaya.service.databases.product('coding_rule2').query<Row>(text, values);
}

/** Waits until the rows are in segments: with the next search that meets them as new, they are taken. */
async function indexed(): Promise<void> {
  for (;;) {
    const [row] = await sql<{ left: string }>(
      `SELECT count(*) AS left FROM coding_rule2.conversation_context
        WHERE text_no > (SELECT settled_no FROM coding_rule2.text_corpora WHERE corpus = 'conversations')`,
    );
    if (Number(row?.left) < 512) return;
    await search({ query: 'anything' });
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

beforeAll(async () => {
  nagaya = await startTestService();
  await record([
    { userMessage: 'Why does the build fail?', aiResponse: 'The lock file names a version that is gone.' },
    { userMessage: 'Rename the invoice table', aiResponse: 'Done, with a migration and its way back.' },
    { sessionId: 'ja', userMessage: '請求書テーブルの名前を変更してください。', aiResponse: '移行スクリプトを書きました。' },
    { sessionId: 'ja', userMessage: '電車の時刻表を調べる', aiResponse: '始発は５時です。' },
  ]);
});
afterAll(() => nagaya?.stop());

describe('rows that are in no segment yet', () => {
  test('any of the words is enough, and the row with most of what is rare comes first', async () => {
    const found = await search({ query: 'what is it that made the invoice table have another name and fail to build' });
    expect(found.length).toBeGreaterThanOrEqual(2);
    expect(found.slice(0, 2).map(({ userMessage }) => userMessage).sort()).toEqual(['Rename the invoice table', 'Why does the build fail?']);
    expect(found[0]).toMatchObject({ similarity: null, ranks: { text: 1, vector: null } });
    expect(found[0]?.score).toBe(found[0]?.textScore);
  });

  test('Japanese is found without spaces, full-width as half-width, and by one character', async () => {
    expect((await search({ query: '請求書の名前' }))[0]?.userMessage).toContain('請求書');
    expect((await search({ query: '5時' }))[0]?.userMessage).toContain('時刻表');
    expect((await search({ query: '車' })).map(({ userMessage }) => userMessage)).toEqual(['電車の時刻表を調べる']);
  });

  test('a row that plain SQL inserts with the columns of the original is found, and gone when it is gone', async () => {
    await sql(`INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data) VALUES ('sql', 'zyzzyva', '', '{}')`);
    expect((await search({ query: 'Zyzzyva' })).map(({ sessionId }) => sessionId)).toEqual(['sql']);
    await sql(`UPDATE coding_rule2.conversation_context SET user_message = 'quokka' WHERE session_id = 'sql'`);
    expect(await search({ query: 'zyzzyva' })).toEqual([]);
    expect((await search({ query: 'quokka' })).map(({ sessionId }) => sessionId)).toEqual(['sql']);
    await sql(`DELETE FROM coding_rule2.conversation_context WHERE session_id = 'sql'`);
    expect(await search({ query: 'quokka' })).toEqual([]);
  });

  test('what can be asked is told field by field', async () => {
    for (const [body, pointer] of [
      [{}, ''],
      [{ mode: 'text', embedding: Array.from({ length: 1536 }, () => 1) }, '/query'],
      [{ mode: 'vector', query: 'x' }, '/embedding'],
      [{ query: 'x', weights: { text: -1 } }, '/weights/text'],
    ] as const) {
      const answer = await nagaya.request('POST', `${PATH}/search`, { body });
      expect(answer.status).toBe(400);
      expect((answer.body as unknown as { errors: { pointer: string }[] }).errors[0]?.pointer).toBe(pointer);
    }
    expect(await search({ query: '?! …' })).toEqual([]);
  });
});

describe('rows in segments', () => {
  let ids: string[];

  beforeAll(async () => {
    const rows = Array.from({ length: 1_200 }, (_, n) => ({ sessionId: n < 5 ? 'few' : 'many', userMessage: `common words and number${n % 400}`, aiResponse: n === 700 ? 'ornithopter 飛行機' : 'the usual' }));
    ids = [];
    for (let at = 0; at < rows.length; at += 400) ids.push(...(await record(rows.slice(at, at + 400))));
    await indexed();
  });

  test('are found together with new ones', async () => {
    expect((await sql('SELECT FROM coding_rule2.text_segments')).length).toBeGreaterThan(0);
    expect((await search({ query: 'the ornithopter' }))[0]?.id).toBe(ids[700]);
    expect((await search({ query: '行' })).map(({ id }) => id)).toContain(ids[700]);
    const three = await search({ query: 'number7', limit: 10 });
    expect(new Set(three.map(({ id }) => id))).toEqual(new Set([ids[7], ids[407], ids[807]]));
    expect((await search({ query: 'invoice' }))[0]?.userMessage).toBe('Rename the invoice table');
  });

  test('filters never shorten the answer below what matches', async () => {
    const found = await search({ query: 'common words', sessionId: 'few', limit: 10 });
    expect(found.map(({ sessionId }) => sessionId)).toEqual(Array(5).fill('few'));
    expect(await search({ query: 'common words', minImportance: 'critical' })).toEqual([]);
  });

  test('a deleted row takes its words with it', async () => {
    const words = async () => (await sql(`SELECT FROM coding_rule2.text_postings WHERE term = 'ornithopter'`)).length;
    expect(await words()).toBe(1);
    await nagaya.request('DELETE', `${PATH}/${ids[700]}`);
    expect(await words()).toBe(0);
    expect(await search({ query: 'ornithopter' })).toEqual([]);
    expect(new Set((await search({ query: 'number300', limit: 10 })).map(({ id }) => id))).toEqual(new Set([ids[300], ids[1100]]));
  });

  test('a row that SQL rewrote is never found by what it said before', async () => {
    await sql(`UPDATE coding_rule2.conversation_context SET user_message = 'something else' WHERE id = $1`, [ids[5]]);
    expect(new Set((await search({ query: 'number5', limit: 10 })).map(({ id }) => id))).toEqual(new Set([ids[405], ids[805]]));
  });
});

test('memories are found by every text in their content, and not once they have expired', async () => {
  const remember = (text: string, expiresAt?: string) =>
    nagaya.request('POST', '/v1/products/coding_rule2/memories', { body: { sessionId: 'm', memoryType: 'lesson', memoryContent: { deep: [{ text }] }, ...(expiresAt !== undefined && { expiresAt }) } });
  await remember('Never force-push a shared branch');
  await remember('請求の丸めは切り捨て');
  await remember('force of habit', '2999-01-01T00:00:00Z');
  await sql(`UPDATE coding_rule2.memory_inheritance SET expires_at = now() - interval '1 s' WHERE expires_at IS NOT NULL`);
  const find = async (query: string) => {
    const answer = await nagaya.request('POST', '/v1/products/coding_rule2/memories/search', { body: { query } });
    return (answer.body as unknown as { items: { memoryContent: { deep: { text: string }[] } }[] }).items.map((item) => item.memoryContent.deep[0]?.text);
  };
  expect(await find('how do I force something onto a branch')).toEqual(['Never force-push a shared branch']);
  expect(await find('丸めの方法')).toEqual(['請求の丸めは切り捨て']);
});
