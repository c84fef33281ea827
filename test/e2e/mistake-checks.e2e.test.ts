import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from '../support/service.js';

const ROOT = '/v1/products/coding_rule2';

interface Checked {
  id: string;
  verdict: string;
  matches: { patternType: string; severity: string; reasons: { kind: string; rule: string; found?: string; words?: string[]; similarity?: number }[]; preventionActions: string[]; occurrences: number; pastOccurrences: { detail: string }[] }[];
}

let nagaya: TestService;

const put = (name: string, patternData: object): Promise<Answer> =>
  nagaya.request('PUT', `${ROOT}/mistake-patterns/${name}`, { body: { patternDescription: name, patternData, preventionActions: [`not ${name}`] } });
async function check(action: string, context?: string): Promise<Checked> {
  const answer = await nagaya.request('POST', `${ROOT}/mistakes/check`, { body: { action, ...(context !== undefined && { context }), sessionId: 's' } });
  expect(answer.status).toBe(200);
  return answer.body as unknown as Checked;
}
async function read<T>(path: string): Promise<T> {
  const answer = await nagaya.request('GET', `${ROOT}/${path}`);
  expect(answer.status).toBe(200);
  return answer.body as unknown as T;
}

beforeAll(async () => {
  nagaya = await startTestService();
  await put('force-push', { severity: 'high', regexes: ['(?i)git\\s+push\\b.*--force\\b'] });
  await put('untested', { phrases: ['all tests pass', 'テストは全て通りました'] });
  await put('hand-edited-lock', { severity: 'low', examples: ['edit package-lock.json by hand to change the version'] });
  await put('free-form', { severity: 7, anything: ['goes'] });
  await nagaya.request('POST', `${ROOT}/mistake-patterns/force-push/occurrences`, { body: { detail: 'lost a merge', sessionId: 'old' } });
});
afterAll(() => nagaya?.stop());

describe('a check', () => {
  test('blocks what a severe pattern matches, and says why, what to do and when it happened', async () => {
    const { verdict, matches } = await check('run GIT push origin main --force now');
    expect(verdict).toBe('block');
    expect(matches).toEqual([
      expect.objectContaining({ patternType: 'force-push', severity: 'high', preventionActions: ['not force-push'], occurrences: 1, pastOccurrences: [expect.objectContaining({ detail: 'lost a merge' })] }),
    ]);
    expect(matches[0]?.reasons).toEqual([{ kind: 'regex', rule: '(?i)git\\s+push\\b.*--force\\b', found: 'GIT push origin main --force' }]);
  });

  test('warns of a phrase, in Japanese and in full width too, also in the context, but not within a word', async () => {
    expect((await check('Say: All  tests\npass')).verdict).toBe('warn');
    expect((await check('報告', 'ａｌｌ ｔｅｓｔｓ ｐａｓｓ')).verdict).toBe('warn');
    expect((await check('「テストは全て通りました」と報告します')).matches[0]?.patternType).toBe('untested');
    expect((await check('all tests passed')).verdict).toBe('allow');
  });

  test('tells how similar an example is and by which words', async () => {
    const { matches } = await check('change the version in package-lock.json by hand');
    expect(matches[0]).toMatchObject({ patternType: 'hand-edited-lock', reasons: [{ kind: 'example' }] });
    expect(matches[0]?.reasons[0]?.words).toContain('lock');
    expect(matches[0]?.reasons[0]?.similarity).toBeGreaterThan(0.6);
  });

  test('holds against a pattern from the moment it is changed, and also by SQL', async () => {
    expect((await check('rm -rf /var')).verdict).toBe('allow');
    await put('removes', { severity: 'critical', regexes: ['rm\\s+-rf'] });
    expect((await check('rm -rf /var')).verdict).toBe('block');
    await nagaya.service.databases
      .product('coding_rule2')
      .query(`UPDATE coding_rule2.mistake_patterns SET pattern_data = '{"severity":"low","regexes":["rm\\\\s+-rf","(broken"]}' WHERE pattern_type = 'removes'`);
    expect((await check('rm -rf /var')).verdict).toBe('warn');
  });

  test('is not held up by an expression that makes others backtrack', async () => {
    await put('catastrophe', { regexes: ['^(a+)+$', '(x+x+)+y'] });
    expect((await check(`${'a'.repeat(19_000)}!`, 'x'.repeat(19_000))).verdict).toBe('allow');
  });

  test.each([
    ['an expression that is none', { regexes: ['ok', '(open'] }, '/patternData/regexes/1'],
    ['a look behind', { regexes: ['(?<=a)b'] }, '/patternData/regexes/0'],
    ['a back reference', { regexes: ['(a)\\1'] }, '/patternData/regexes/0'],
    ['an expression that matches everything', { regexes: ['.*'] }, '/patternData/regexes/0'],
    ['a text that is no list', { phrases: 'x' }, '/patternData/phrases'],
  ])('%s is refused where the pattern is described', async (_what, patternData, pointer) => {
    const answer = await put('bad', patternData);
    expect(answer.status).toBe(400);
    expect((answer.body as unknown as { errors: { pointer: string }[] }).errors.map((error) => error.pointer)).toEqual([pointer]);
  });
});

test('outcomes add up to effectiveness and false alarms', async () => {
  const outcomes = [
    { heeded: true, mistakeHappened: false },
    { heeded: true, mistakeHappened: true },
    { heeded: false, mistakeHappened: false },
  ];
  for (const body of outcomes) {
    const { id } = await check('sudo make-me-a-pattern');
    expect(id).toBeDefined();
    await put('sudo', { phrases: ['sudo make-me-a-pattern'] });
    const again = await check('sudo make-me-a-pattern');
    expect((await nagaya.request('POST', `${ROOT}/checks/${again.id}/outcome`, { body })).body).toMatchObject({ verdict: 'warn', ...body });
  }
  const { items } = await read<{ items: { patternType: string }[] }>('mistakes/effectiveness');
  expect(items.find(({ patternType }) => patternType === 'sudo')).toMatchObject({ reported: 3, heeded: 2, prevented: 1, happened: 1, falseAlarms: 1, effectiveness: 0.5, falseAlarmRate: 1 / 3 });
  expect((await nagaya.request('POST', `${ROOT}/checks/0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e/outcome`, { body: { heeded: true } })).status).toBe(404);
});

test('occurrences are listed, counted by day and week, and told apart by whether they go on', async () => {
  const sql = (text: string) => nagaya.service.databases.product('coding_rule2').query(text);
  await put('recurs', {});
  for (let n = 0; n < 3; n++) await nagaya.request('POST', `${ROOT}/mistake-patterns/recurs/occurrences`, { body: { detail: `time ${n}` } });
  await nagaya.request('POST', `${ROOT}/mistake-patterns/stopped/occurrences`, { body: {} });
  await sql(`UPDATE coding_rule2.mistake_patterns SET last_occurrence = '2026-01-08T23:30:00Z' WHERE pattern_type = 'stopped'`);
  await sql(`UPDATE coding_rule2.mistake_occurrences SET occurred_at = '2026-01-08T23:30:00Z' WHERE pattern_id = (SELECT id FROM coding_rule2.mistake_patterns WHERE pattern_type = 'stopped')`);
  const list = await read<{ items: { detail: string }[]; nextCursor: string | null }>('mistake-patterns/recurs/occurrences?limit=2');
  expect(list.items).toHaveLength(2);
  expect(list.nextCursor).not.toBeNull();
  expect(await read('mistakes/trend?patternType=stopped&bucket=week')).toEqual({ items: [{ bucketStart: '2026-01-05T00:00:00.000Z', patternType: 'stopped', count: 1 }] });
  expect(await read('mistakes/trend?patternType=stopped')).toEqual({ items: [{ bucketStart: '2026-01-08T00:00:00.000Z', patternType: 'stopped', count: 1 }] });
  const { recurring, quiet } = await read<{ recurring: { patternType: string; recent: number }[]; quiet: { patternType: string }[] }>('mistakes/recurrence');
  expect(recurring[0]).toMatchObject({ patternType: 'recurs', recent: 3 });
  expect(quiet.map(({ patternType }) => patternType)).toEqual(['stopped']);
});

test('a catalogue goes out and in again: all of it, or nothing', async () => {
  await put('removes', { regexes: ['rm\\s+-rf'] }); // A test above has broken it by SQL.
  const { patterns } = await read<{ patterns: { patternType: string }[] }>('mistakes/catalogue');
  const changed = [...patterns, { patternType: 'brought', patternDescription: 'new', patternData: { phrases: ['brought'] } }];
  const send = (list: unknown[]) => nagaya.request('POST', `${ROOT}/mistakes/catalogue`, { body: { patterns: list } });
  const refused = await send([...changed, { patternType: 'bad', patternDescription: 'b', patternData: { regexes: ['('] } }]);
  expect(refused.status).toBe(400);
  expect((await nagaya.request('GET', `${ROOT}/mistake-patterns/brought`)).status).toBe(404);
  const answer = await send(changed);
  expect(answer.body).toEqual({ created: 1, updated: patterns.length });
  expect((await check('it was brought')).verdict).toBe('warn');
});
