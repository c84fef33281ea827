import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ReferenceBm25 } from '../../bench/reference-bm25.js';
import { startTestService, type TestService } from '../support/service.js';

const PATH = '/v1/products/coding_rule2/conversations';
const TOP = 10;

let nagaya: TestService;
/** What stands in the table, by session id, which tells the rows apart here. */
const texts = new Map<string, string>();

const sql = <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> => nagaya.service.databases.product('coding_rule2').query<Row>(text, values);

let state = 17;
const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
/** The first ones of a list most of the time. */
const zipf = <T>(list: readonly T[]): T => list[Math.floor(list.length * random() ** 3)]!;
const some = (list: readonly string[], least: number, most: number, joint: string) => Array.from({ length: least + Math.floor(random() * (most - least)) }, () => zipf(list)).join(joint);

const ENGLISH = 'the to a is of and it in that we you for build test fails branch merge release rollback timeout deploy invoice schema migration index cache worker retry naïve café résumé Straße İstanbul'.split(' ');
const JAPANESE = ['から', 'まで', 'こと', 'もの', 'です', 'ます', 'する', '請求書', '移行', 'テスト', 'ﾃｽﾄ', 'データベース', '本番環境', '削除', 'ＡＰＩ', 'ロールバック', 'ひらがな', '𠮷野家', 'サーバー', '人々'];
const CODE = ['user_id', 'userId', 'getUserById', 'src/main/app.ts', 'HTTP2', 'v1.2.3', 'SELECT * FROM', 'a->b', 'x+=1', '0xFF', 'C++', 'foo::bar', 'package-lock.json', '--force', '42', '1,000.50'];
const OTHERS = ['안녕하세요', '데이터베이스', '数据库', '迁移失败', 'ฐานข้อมูล', 'การทดสอบ', 'база данных', 'тест', 'κόσμος', 'مرحبا', '😀', '👩‍💻', 'é', 'é', 'ﬁle', '①', '½'];

const kinds: Readonly<Record<string, () => string>> = {
  'short turns': () => some(ENGLISH, 1, 6, ' '),
  'long documents': () => some(ENGLISH, 150, 600, ' '),
  code: () => some(CODE, 2, 25, pick([' ', '\n', '(', ', '])),
  Japanese: () => some(JAPANESE, 3, 40, pick(['', '', '。', ' '])),
  mixed: () => some([...JAPANESE, ...ENGLISH, ...CODE], 5, 40, pick(['', ' '])),
  'other scripts': () => some(OTHERS, 1, 12, pick(['', ' '])),
  duplicates: () => pick(['the build fails', 'テストは全て通りました', '']),
  'one word often': () => `${pick(ENGLISH)} `.repeat(1 + Math.floor(random() * 250)),
};

async function fill(rows: number): Promise<void> {
  const made = Array.from({ length: rows }, () => {
    const session = `row ${texts.size}`;
    texts.set(session, pick(Object.values(kinds))());
    return session;
  });
  await sql(
    `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data)
     SELECT s, '', t, '{}' FROM unnest($1::text[], $2::text[]) AS r (s, t)`,
    [made, made.map((session) => texts.get(session)!)],
  );
}

interface Item {
  id: string;
  sessionId: string;
  score: number;
}

async function search(query: string, filter: object = {}): Promise<Item[]> {
  const answer = await nagaya.request('POST', `${PATH}/search`, { body: { query, limit: TOP, ...filter } });
  expect(answer.status).toBe(200);
  return (answer.body as unknown as { items: Item[] }).items;
}

/** Waits until all but a few rows are in segments. */
async function indexed(): Promise<void> {
  for (;;) {
    const [row] = await sql<{ left: string }>(`SELECT count(*) AS left FROM coding_rule2.conversation_context
      WHERE text_no > (SELECT settled_no FROM coding_rule2.text_corpora WHERE corpus = 'conversations')`);
    if (Number(row?.left) < 512) return;
    await search('anything');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Each answer's scores are the reference's, place by place; and each row has the score that the reference gives it. */
async function agreesWithReference(filter?: { since: string }, passes: (session: string) => boolean = () => true): Promise<void> {
  const reference = new ReferenceBm25();
  const sessions = [...texts.keys()];
  for (const [id, session] of sessions.entries()) reference.add(id, `\n${texts.get(session)!}`);
  for (let nth = 0; nth < 80; nth++) {
    // A single character of these scripts has a meaning of its own in a query: the last word is not cut.
    const query = pick(Object.values(kinds))().slice(0, 400).replace(/\s\S*$/u, '');
    const all = reference.top(query, sessions.length).filter(({ id }) => passes(sessions[id]!));
    const found = await search(query === '' ? 'build' : query, filter);
    if (query === '') continue;
    const scores = new Map(all.map(({ id, score }) => [sessions[id]!, score]));
    expect({ query, scores: found.map(({ score }) => score.toFixed(6)) }).toEqual({ query, scores: all.slice(0, TOP).map(({ score }) => score.toFixed(6)) });
    for (const { sessionId, score } of found) expect(score).toBeCloseTo(scores.get(sessionId) ?? -1, 6);
  }
}

beforeAll(async () => {
  nagaya = await startTestService();
  for (const rows of [700, 700, 700]) {
    await fill(rows);
    await indexed();
  }
  await fill(150);
});
afterAll(() => nagaya?.stop());

test('the ten best are those of BM25 over every row, whatever the texts are like', async () => {
  const [state] = await sql<{ segments: number; rows: number }>(`SELECT count(*)::int AS segments, sum(documents)::int AS rows FROM coding_rule2.text_segments`);
  expect(state?.segments).toBeGreaterThan(1);
  expect(state?.rows).toBeLessThan(texts.size);
  await agreesWithReference();
});

test('also with a filter that few rows pass: BM25 is that of all rows', async () => {
  await sql(`UPDATE coding_rule2.conversation_context SET created_at = '2030-01-01T00:00:00Z' WHERE text_no % 13 = 0`);
  const rows = await sql<{ session: string }>(`SELECT session_id AS session FROM coding_rule2.conversation_context WHERE created_at = '2030-01-01T00:00:00Z'`);
  const late = new Set(rows.map(({ session }) => session));
  expect(late.size).toBeGreaterThan(50);
  await agreesWithReference({ since: '2029-01-01T00:00:00Z' }, (session) => late.has(session));
});

test('and after rows were deleted', async () => {
  const rows = await sql<{ id: string; session: string }>(`SELECT id, session_id AS session FROM coding_rule2.conversation_context WHERE text_no % 29 = 3`);
  for (const { id, session } of rows) {
    expect((await nagaya.request('DELETE', `${PATH}/${id}`)).status).toBe(204);
    texts.delete(session);
  }
  await agreesWithReference();
});
