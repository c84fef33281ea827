import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';

const HEADERS = { 'content-type': 'application/x-ndjson' };

let nagaya: TestService;
let other: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
  other = await startTestService();
});
afterAll(async () => {
  await nagaya.stop();
  await other.stop();
});

const keyOf = ({ keys }: TestService, product: string): string => (product === 'tea_house' ? keys.teaHouse : keys.codingRule2);
async function exported(service: TestService, product: string, query = ''): Promise<string> {
  const answer = await fetch(`${service.service.url}/v1/products/${product}/export${query}`, { headers: { authorization: `Bearer ${keyOf(service, product)}` } });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
  return answer.text();
}
const imported = (service: TestService, product: string, body: string, query = ''): Promise<Answer> =>
  service.request('POST', `/v1/products/${product}/import${query}`, { key: keyOf(service, product), body, headers: HEADERS });
const query = (service: TestService, sql: string, values: unknown[] = [], product = 'coding_rule2') => service.service.databases.product(product).query(sql, values);
const linesOf = (text: string): Record<string, unknown>[] => text.trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);

describe('a round trip of coding_rule2', () => {
  let first: string;
  beforeAll(async () => {
    const post = (path: string, body: object) => nagaya.request('POST', `/v1/products/coding_rule2/${path}`, { body });
    await post('mistake-patterns/claimed-tests-passed/occurrences', { sessionId: 's1', detail: 'Said it was green\n"quoted" \\ 長屋 🏠' });
    const embedding = Array.from({ length: 1536 }, (_, n) => Math.sin(n + 1) / 3);
    await post('conversations', { sessionId: 's1', userMessage: 'なぜ？\u2028\r\n', aiResponse: '', embedding, contextData: { a: [1.5, null, true] } });
    await post('conversations', { sessionId: 's1', userMessage: 'no vector', aiResponse: 'x' });
    await post('violations', { violationType: 't', violationDescription: 'd', originalResponse: 'o', severityLevel: 'low', patternType: 'claimed-tests-passed', sessionId: 's1' });
    await post('memories', { sessionId: 's1', memoryType: 'lesson', memoryContent: { text: 'One.' } });
    await post('memories', { sessionId: 's1', memoryType: 'lesson', memoryContent: { text: 'One!' }, retentionPriority: 8 });
    await post('memories/merge', { sessionId: 's1', minSimilarity: 0.5 });
    await post('sessions/s2/inherit', { fromSessionId: 's1', task: 'one' });
    // What JavaScript can not hold: a whole number of 20 digits, a microsecond, the end of time.
    await query(nagaya, `INSERT INTO memory_inheritance (session_id, memory_type, memory_content, created_at, expires_at)
       VALUES ('s3', 'exact', '{"n": 12345678901234567890.123456789}', '2026-11-24T09:00:00.123456+09', 'infinity')`);
    await query(nagaya, `INSERT INTO memory_inheritance (session_id, memory_type, memory_content, created_at)
       SELECT 'bulk', 'note', jsonb_build_object('n', n), '2026-01-01Z'::timestamptz + n * interval '1 second' FROM generate_series(1, 2500) n`);
    first = await exported(nagaya, 'coding_rule2');
  });

  test('gives the same bytes again, vectors and numbers of any length included, and then changes nothing', async () => {
    expect(first).toContain('12345678901234567890.123456789');
    const answer = await imported(other, 'coding_rule2', first);
    expect(answer.body).toMatchObject({ isWhole: true, existing: 0, inserted: linesOf(first).filter((line) => 'row' in line).length });
    expect(answer.body['byTable']).toContainEqual({ table: 'conversation_context', inserted: 2, existing: 0 });
    expect(await exported(other, 'coding_rule2')).toBe(first);
    expect((await imported(other, 'coding_rule2', first)).body).toMatchObject({ inserted: 0, existing: answer.body['inserted'] });
    expect(await exported(other, 'coding_rule2')).toBe(first);
    // What was imported is served, and new rows get ids and numbers of their own.
    expect((await other.request('GET', '/v1/products/coding_rule2/mistake-patterns/claimed-tests-passed')).body).toMatchObject({ occurrences: 1 });
    // Words are found without the index having been carried over.
    expect(((await other.request('POST', '/v1/products/coding_rule2/conversations/search', { body: { query: 'vector', limit: 5 } })).body.items as { userMessage: string }[]).map((found) => found.userMessage)).toEqual(['no vector']);
    expect((await other.request('POST', '/v1/products/coding_rule2/memories', { body: { sessionId: 'new', memoryType: 't', memoryContent: {} } })).status).toBe(201);
  });

  test('begins with a header, has a cursor after every 1,000 rows of a table, and ends with the numbers of rows', () => {
    const lines = linesOf(first);
    expect(lines[0]).toMatchObject({ nagaya: 'export', format: 1, product: 'coding_rule2' });
    expect(lines.filter((line) => 'cursor' in line)).toHaveLength(2);
    expect(lines.at(-1)).toMatchObject({ end: true, rows: { memory_inheritance: 2502, conversation_context: 2 } });
  });

  test('goes on after any cursor, with what a whole export has from there', async () => {
    for (const { cursor } of linesOf(first).filter((line) => 'cursor' in line)) {
      const text = JSON.stringify({ cursor });
      const rest = first.slice(first.indexOf(text) + text.length + 1);
      expect(await exported(nagaya, 'coding_rule2', `?cursor=${String(cursor)}`)).toBe(rest);
    }
    const refused = await nagaya.request('GET', '/v1/products/coding_rule2/export?cursor=bm9uc2Vuc2U');
    expect(refusal(refused)).toEqual([400, 'validation_failed', '/query/cursor']);
  });
});

describe('a product that knows nothing of it', () => {
  test('is exported and imported too', async () => {
    for (const name of ['sencha', '玉露']) await nagaya.request('POST', '/v1/products/tea_house/teas', { key: nagaya.keys.teaHouse, body: { name } });
    const text = await exported(nagaya, 'tea_house');
    expect((await imported(other, 'tea_house', text)).body).toMatchObject({ inserted: 2, isWhole: true, byTable: [{ table: 'teas', inserted: 2, existing: 0 }] });
    expect(await exported(other, 'tea_house')).toBe(text);
  });

  test('keeps rows that are there, or replaces them if so asked', async () => {
    const text = await exported(nagaya, 'tea_house');
    const changed = text.replace('sencha', 'hojicha');
    await imported(nagaya, 'tea_house', changed);
    expect(await exported(nagaya, 'tea_house')).toBe(text);
    expect((await imported(nagaya, 'tea_house', changed, '?onExisting=replace')).body).toMatchObject({ inserted: 2 });
    expect(await exported(nagaya, 'tea_house')).toBe(changed);
  });
});

describe('an import', () => {
  const header = (over: object = {}): string => JSON.stringify({ nagaya: 'export', format: 1, product: 'tea_house', tables: [{ name: 'teas', columns: ['id', 'name'], key: ['id'] }], ...over });
  const tea = (n: number, name: unknown = `tea ${n}`): string => JSON.stringify({ table: 'teas', row: { id: `0198c5c0-7c1e-7b5a-9d3e-${String(n).padStart(12, '0')}`, name } });

  test('that is refused at a line has those before it, and goes on from there', async () => {
    const lines = [header(), ...Array.from({ length: 700 }, (_, n) => tea(n))];
    const broken = [...lines.slice(0, 650), tea(9_000, 'x'.repeat(51)), ...lines.slice(650)];
    const refused = await imported(other, 'tea_house', broken.join('\n'));
    expect(refusal(refused)).toEqual([400, 'validation_failed', '/lines/651']);
    expect(await query(other, `SELECT count(*)::int AS count FROM teas WHERE name LIKE 'tea %'`, [], 'tea_house')).toEqual([{ count: 649 }]);
    broken[650] = tea(9_000);
    expect((await imported(other, 'tea_house', broken.join('\n'), '?fromLine=651')).body).toMatchObject({ inserted: 52, existing: 0, isWhole: false });
  });

  test.each([
    ['nothing', '', '/lines/1'],
    ['no header', tea(1), '/lines/1'],
    ['no JSON', `${header()}\n{"table":`, '/lines/2'],
    ['a second header', `${header()}\n${header()}`, '/lines/2'],
    ['a table that the header lacks', `${header()}\n{"table":"cups","row":{}}`, '/lines/2/table'],
    ['another format', header({ format: 2 }), '/lines/1/format'],
    ['lines after the end', `${header()}\n{"end":true,"rows":{}}\n${tea(1)}`, '/lines/3'],
    ['a row without its key', `${header()}\n{"table":"teas","row":{"name":null}}`, undefined],
  ])('of %s is refused', async (_, body, pointer) => {
    const answer = await imported(other, 'tea_house', body);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    if (pointer !== undefined) expect(refusal(answer)).toEqual([400, 'validation_failed', pointer]);
  });

  test('of another product, or of tables and columns that are not here, is refused before its first row', async () => {
    for (const [over, pointer] of [
      [{ product: 'coding_rule2' }, '/lines/1/product'],
      [{ tables: [{ name: 'cups', columns: ['id'], key: ['id'] }] }, '/lines/1/tables'],
      [{ tables: [{ name: 'teas', columns: ['id', 'name', 'steep_seconds'], key: ['id'] }] }, '/lines/1/tables'],
      [{ tables: [{ name: 'migrations', columns: ['id'], key: ['id'] }] }, '/lines/1/tables'],
    ] as const) {
      expect(refusal(await imported(other, 'tea_house', `${header(over)}\n${tea(77)}`))).toEqual([409, 'conflict', pointer]);
    }
  });

  test('takes a key that may write to that product, lines and no other body; other routes take no lines', async () => {
    const path = '/v1/products/coding_rule2/import';
    expect((await nagaya.request('POST', path, { key: nagaya.keys.readOnly, body: header(), headers: HEADERS })).status).toBe(403);
    expect((await nagaya.request('POST', path, { key: nagaya.keys.teaHouse, body: header(), headers: HEADERS })).status).toBe(404);
    expect((await nagaya.request('GET', '/v1/products/coding_rule2/export', { key: nagaya.keys.teaHouse })).status).toBe(404);
    expect(refusal(await nagaya.request('POST', path, { body: {} }))).toEqual([415, 'unsupported_media_type']);
    expect(refusal(await nagaya.request('POST', '/v1/products/coding_rule2/memories', { body: tea(1), headers: HEADERS }))).toEqual([415, 'unsupported_media_type']);
  });
});

test('an export that breaks off before its first line is answered as a problem, and leaves room for the next', async () => {
  for (let n = 0; n < 6; n++) expect((await nagaya.request('GET', '/v1/products/coding_rule2/export?cursor=x')).status).toBe(400);
  const readers = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const [answer] = (await once(get(`${nagaya.service.url}/v1/products/coding_rule2/export`, { headers: { authorization: `Bearer ${nagaya.keys.codingRule2}` } }), 'response')) as [IncomingMessage];
      answer.destroy();
      return answer.statusCode;
    }),
  );
  expect(readers.every((status) => status === 200 || status === 503)).toBe(true);
  // The process hears of readers that have gone a moment later than they know it.
  const next = () => nagaya.request('GET', '/v1/products/tea_house/export', { key: nagaya.keys.teaHouse });
  for (let tries = 0; tries < 200 && (await next()).status === 503; tries++) await new Promise((resolve) => setTimeout(resolve, 50));
  expect(await exported(nagaya, 'tea_house')).toContain('"end":true');
});
