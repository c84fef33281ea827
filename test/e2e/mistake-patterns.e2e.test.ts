import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from '../support/service.js';

const PATH = '/v1/products/coding_rule2/mistake-patterns';
const at = (patternType: string) => `${PATH}/${encodeURIComponent(patternType)}`;

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const describePattern = (type: string, body: object): Promise<Answer> => nagaya.request('PUT', at(type), { body });
const record = (type: string, body: object = {}): Promise<Answer> => nagaya.request('POST', `${at(type)}/occurrences`, { body });
const read = (type: string): Promise<Answer> => nagaya.request('GET', at(type));

describe('describing a pattern', () => {
  test('makes it with no occurrences: 201 and its address', async () => {
    const answer = await describePattern('described', { patternDescription: 'What goes wrong', patternData: { severity: 'high' }, preventionActions: ['Look twice'] });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(at('described'));
    expect(answer.body).toEqual({
      id: expect.any(String),
      patternType: 'described',
      patternDescription: 'What goes wrong',
      patternData: { severity: 'high' },
      occurrences: 0,
      lastOccurrence: null,
      preventionActions: ['Look twice'],
      createdAt: expect.any(String),
    });
    expect((await nagaya.request('GET', answer.headers.get('location') ?? '')).body).toEqual(answer.body);
  });

  test('again replaces the description, answers 200 and leaves the occurrences as they are', async () => {
    await describePattern('redescribed', { patternDescription: 'first', patternData: { a: 1 }, preventionActions: ['x'] });
    await record('redescribed');
    const before = await record('redescribed');
    const again = await describePattern('redescribed', { patternDescription: 'second' });
    expect(again.status).toBe(200);
    expect(again.headers.get('location')).toBeNull();
    expect(again.body).toEqual({ ...before.body, patternDescription: 'second', patternData: {}, preventionActions: null });
    expect(again.body).toMatchObject({ occurrences: 2 });
  });
});

describe('recording an occurrence', () => {
  test("of a pattern nobody has described makes it with the description ''", async () => {
    const answer = await record('unheard-of');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(at('unheard-of'));
    expect(answer.body).toMatchObject({ patternDescription: '', patternData: {}, preventionActions: null, occurrences: 1 });
    expect(answer.body['lastOccurrence']).not.toBeNull();
  });

  test('adds one; fields that are given replace, those that are absent stay', async () => {
    const first = await record('recurring', { patternDescription: 'as known', patternData: { a: 1 }, preventionActions: ['x', 'y'] });
    const second = await record('recurring', { patternData: { b: 2 } });
    expect(second.body).toEqual({ ...first.body, patternData: { b: 2 }, occurrences: 2, lastOccurrence: expect.any(String) });
    const third = await record('recurring', { patternDescription: 'known better', preventionActions: [] });
    expect(third.body).toMatchObject({ patternDescription: 'known better', patternData: { b: 2 }, preventionActions: [], occurrences: 3 });
    expect(Date.parse(third.body['lastOccurrence'] ?? '')).toBeGreaterThanOrEqual(Date.parse(first.body['lastOccurrence'] ?? ''));
  });

  test('keeps what happened, and in which session, in the history', async () => {
    await record('remembered', { sessionId: 'session-1', detail: 'it happened' });
    const { body } = await record('remembered');
    const history = await nagaya.service.databases
      .product('coding_rule2')
      .query('SELECT session_id, detail FROM mistake_occurrences WHERE pattern_id = $1 ORDER BY occurred_at', [body['id']]);
    expect(history).toEqual([
      { session_id: 'session-1', detail: 'it happened' },
      { session_id: null, detail: null },
    ]);
  });

  test('forty times at once counts exactly forty, each with its line in the history', async () => {
    const answers = await Promise.all(Array.from({ length: 40 }, (_, n) => record('at-once', { detail: String(n) })));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 40 }, () => 201));
    expect(answers.map((answer) => Number(answer.body['occurrences'])).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
    const { body } = await read('at-once');
    expect(body).toMatchObject({ occurrences: 40 });
    const history = await nagaya.service.databases.product('coding_rule2').query('SELECT detail FROM mistake_occurrences WHERE pattern_id = $1', [body['id']]);
    expect(history).toHaveLength(40);
  });
});

describe('the name of a pattern', () => {
  test.each(['日本語の癖', 'Größe', 'a b', 'a/b', '100%', 'a?b#c', '%41', 'ключ-🔑', '__proto__', "o'neill \\"])('may be %j, and is the same one everywhere', async (name) => {
    const made = await describePattern(name, { patternDescription: 'x' });
    expect([made.status, made.body['patternType'], made.headers.get('location')]).toEqual([201, name, at(name)]);
    expect((await record(name)).body).toMatchObject({ id: made.body['id'], occurrences: 1 });
    expect((await read(name)).body).toMatchObject({ id: made.body['id'], patternType: name });
  });

  test('has at most 50 characters, counted as people count them and not in UTF-16', async () => {
    const longest = '😀'.repeat(50);
    expect((await describePattern(longest, { patternDescription: 'x' })).status).toBe(201);
    expect((await read(longest)).body).toMatchObject({ patternType: longest });
    for (const name of ['😀'.repeat(51), 'a'.repeat(51)]) {
      const answer = await record(name);
      expect([answer.status, answer.body['code'], answer.body['errors']]).toEqual([
        400,
        'validation_failed',
        [{ pointer: '/path/patternType', detail: 'must be at most 50 characters long; it has 51' }],
      ]);
      expect((await read(name)).status).toBe(400);
    }
  });

  test('that nobody has used answers 404', async () => {
    const answer = await read('nobody-knows');
    expect([answer.status, answer.body['code'], answer.headers.get('content-type')]).toEqual([404, 'not_found', 'application/problem+json; charset=utf-8']);
  });
});
