import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from '../support/problem.js';
import { seeded } from '../support/seeded.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { asBase64, randomVector } from '../support/vectors.js';
import { walk } from '../support/walk.js';

interface Conversation {
  id: string;
  sessionId: string;
  userMessage: string;
  embedding?: number[] | null;
  createdAt: string;
}

const PATH = '/v1/products/coding_rule2/conversations';
const SAID = { sessionId: 's1', userMessage: 'Why?', aiResponse: 'Because.' };
const random = seeded(7);

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const post = (body: unknown): Promise<Answer> => nagaya.request('POST', PATH, { body });
const withEmbedding = (id: unknown): Promise<Answer> => nagaya.request('GET', `${PATH}/${String(id)}?include=embedding`);

async function count(): Promise<number> {
  const [row] = await nagaya.service.databases.product('coding_rule2').query<{ n: number }>('SELECT count(*)::int AS n FROM conversation_context');
  return row?.n ?? -1;
}

describe('recording a conversation', () => {
  test('answers 201 with the row, without its embedding, and its address', async () => {
    const answer = await post({ ...SAID, contextData: { files: ['a.ts'] }, importanceLevel: 'high', embedding: [...randomVector(random)] });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${PATH}/${answer.body['id']}`);
    expect(answer.body).toEqual({ id: expect.any(String), ...SAID, contextData: { files: ['a.ts'] }, importanceLevel: 'high', createdAt: expect.any(String) });
    expect((await nagaya.request('GET', `${PATH}/${answer.body['id']}`)).body).toEqual(answer.body);
  });

  test('takes numbers and base64 alike: the same float32 come back from both', async () => {
    const vector = randomVector(random);
    const numbers = await post({ ...SAID, embedding: [...vector] });
    const base64 = await post({ ...SAID, embedding: asBase64(vector) });
    const doubles = await post({ ...SAID, embedding: [...vector].map((x) => x * (1 + Number.EPSILON)) });
    for (const { status, body } of [numbers, base64, doubles]) {
      expect(status).toBe(201);
      const { embedding } = (await withEmbedding(body['id'])).body as unknown as Conversation;
      expect(Float32Array.from(embedding ?? [])).toEqual(vector);
    }
  });

  test('does without an embedding, and with null for it; what else is left out has its default', async () => {
    for (const body of [SAID, { ...SAID, embedding: null }]) {
      const answer = await post(body);
      expect(answer.body).toMatchObject({ contextData: {}, importanceLevel: 'normal' });
      expect((await withEmbedding(answer.body['id'])).body).toEqual({ ...answer.body, embedding: null });
    }
  });

  test('keeps texts of any script, and empty ones', async () => {
    const said = { sessionId: 'セッション', userMessage: '', aiResponse: '𝒶 — ない 🙂\r\n\t"\\' };
    expect((await post(said)).body).toMatchObject(said);
  });

  const list = (change: (values: unknown[]) => void): unknown[] => {
    const values: unknown[] = [...randomVector(random)];
    change(values);
    return values;
  };
  const floats = (change: (values: Float32Array) => void): string => {
    const values = randomVector(random);
    change(values);
    return asBase64(values);
  };
  test.each([
    ['too few numbers', list((v) => v.pop()), '/embedding'],
    ['too many numbers', list((v) => v.push(1)), '/embedding'],
    ['base64 of too few', asBase64(new Float32Array(1535).fill(1)), '/embedding'],
    ['base64 in the URL alphabet', `-_${asBase64(randomVector(random)).slice(2)}`, '/embedding'],
    ['a zero vector', Array.from({ length: 1536 }, () => 0), '/embedding'],
    ['a zero vector in base64', asBase64(new Float32Array(1536)), '/embedding'],
    ['NaN in base64', floats((v) => v.fill(NaN, 3, 4)), '/embedding/3'],
    ['Infinity in base64', floats((v) => v.fill(-Infinity, 9, 10)), '/embedding/9'],
    ['a text among the numbers', list((v) => v.fill('1', 5, 6)), '/embedding/5'],
    ['null among the numbers', list((v) => v.fill(null, 6, 7)), '/embedding/6'],
    ['a number beyond float32', list((v) => v.fill(1e39, 8, 9)), '/embedding/8'],
    ['something else', { length: 1536 }, '/embedding'],
  ])('refuses %s, names the place, and writes nothing', async (_what, embedding, pointer) => {
    const before = await count();
    expect(refusal(await post({ ...SAID, embedding }))).toEqual([400, 'validation_failed', pointer]);
    expect(await count()).toBe(before);
  });

  test('refuses 1e999, which JSON can write and no double can hold', async () => {
    const numbers = Array.from({ length: 1536 }, (_, index) => (index === 11 ? '1e999' : '0.5'));
    const answer = await post(JSON.stringify(SAID).replace('}', `,"embedding":[${numbers.join()}]}`));
    expect(refusal(answer)).toEqual([400, 'validation_failed', '/embedding/11']);
  });
});

describe('recording a batch', () => {
  test('answers the ids in the order in which the items were sent', async () => {
    const items = Array.from({ length: 20 }, (_, n) => ({ ...SAID, sessionId: 'batch', userMessage: `message ${n}` }));
    const answer = await nagaya.request('POST', `${PATH}/batch`, { body: { items } });
    expect(answer.status).toBe(201);
    for (const [n, { id }] of (answer.body.items as { id: string }[]).entries()) {
      expect((await nagaya.request('GET', `${PATH}/${id}`)).body).toMatchObject({ userMessage: `message ${n}` });
    }
    expect(answer.body.items).toHaveLength(20);
  });

  test('writes all or none, and names each item that is wrong', async () => {
    const before = await count();
    const zero = asBase64(new Float32Array(1536));
    const items = [SAID, { ...SAID, userMessage: undefined }, SAID, { ...SAID, embedding: zero, importanceLevel: 'urgent' }, 'text'];
    const answer = await nagaya.request('POST', `${PATH}/batch`, { body: { items } });
    expect(refusal(answer)).toEqual([400, 'validation_failed', '/items/1/userMessage', '/items/3/embedding', '/items/3/importanceLevel', '/items/4']);
    expect(await count()).toBe(before);
  });

  test('has 1 to 500 items', async () => {
    for (const items of [[], Array.from({ length: 501 }, () => SAID)]) {
      expect(refusal(await nagaya.request('POST', `${PATH}/batch`, { body: { items } }))).toEqual([400, 'validation_failed', '/items']);
    }
    const full = await nagaya.request('POST', `${PATH}/batch`, { body: { items: Array.from({ length: 500 }, () => ({ ...SAID, sessionId: 'full' })) } });
    expect([full.status, full.body.items.length]).toEqual([201, 500]);
  });
});

test('a deleted conversation is gone: 204 once, then 404', async () => {
  const { body } = await post(SAID);
  const path = `${PATH}/${body['id']}`;
  const deleted = await nagaya.request('DELETE', path);
  expect([deleted.status, deleted.body]).toEqual([204, undefined]);
  expect((await nagaya.request('DELETE', path)).status).toBe(404);
  expect((await nagaya.request('GET', path)).status).toBe(404);
});

describe('listing conversations', () => {
  const FILL = `
    INSERT INTO conversation_context (session_id, user_message, ai_response, context_data, created_at)
    SELECT 'listed-' || n % 2, n::text, '', '{}', timestamptz '2025-03-01 00:00:00Z' + make_interval(hours => n / 3)
      FROM generate_series(0, 29) n`;
  const messages = (rows: readonly Conversation[]) => rows.map((row) => row.userMessage);

  beforeAll(async () => {
    await nagaya.service.databases.product('coding_rule2').query(FILL);
  });

  test('of one session gives each once, newest first', async () => {
    const rows = (await walk<Conversation>(nagaya, `${PATH}?sessionId=listed-1`, { limit: 4 })).flat();
    expect(messages(rows).map(Number).sort((a, b) => a - b)).toEqual(Array.from({ length: 15 }, (_, n) => 2 * n + 1));
    const times = rows.map((row) => Date.parse(row.createdAt));
    expect(times).toEqual([...times].sort((a, b) => b - a));
  });

  test('between two times takes the first in and leaves the last out', async () => {
    const range = 'since=2025-03-01T01:00:00Z&until=2025-03-01T12:00:00%2B09:00';
    const rows = (await walk<Conversation>(nagaya, `${PATH}?${range}`, { limit: 100 })).flat();
    expect(messages(rows).map(Number).sort((a, b) => a - b)).toEqual([3, 4, 5, 6, 7, 8]);
  });

  test('has no embeddings unless asked for, and then all 1,536 numbers or null', async () => {
    const vector = randomVector(random);
    await post({ ...SAID, sessionId: 'embedded', embedding: asBase64(vector) });
    await post({ ...SAID, sessionId: 'embedded' });
    const bare = await nagaya.request('GET', `${PATH}?sessionId=embedded`);
    expect((bare.body.items as Conversation[]).map((row) => 'embedding' in row)).toEqual([false, false]);
    const whole = await nagaya.request('GET', `${PATH}?sessionId=embedded&include=embedding`);
    const [without, given] = whole.body.items as Conversation[];
    expect(without?.embedding).toBeNull();
    expect(Float32Array.from(given?.embedding ?? [])).toEqual(vector);
  });
});
