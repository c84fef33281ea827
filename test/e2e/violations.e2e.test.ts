import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { seeded } from '../support/seeded.js';
import { startTestService, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

interface Violation {
  id: string;
  violationType: string;
  severityLevel: string;
  autoCorrected: boolean;
  createdAt: string;
}

const PATH = '/v1/products/coding_rule2/violations';
const HOUR_MS = 3_600_000;
const START = Date.parse('2026-01-30T00:00:00Z');
const HOURS = 96;
const SEVERITIES = ['low', 'medium', 'high', 'critical'];

let nagaya: TestService;
/** Ninety violations over four days, many in the same moment. */
let rows: Violation[];

beforeAll(async () => {
  nagaya = await startTestService();
  const random = seeded(3);
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
  const made = Array.from({ length: 90 }, () => ({
    violationType: pick(['honesty', 'privacy', '正直さ', 'harm']),
    severityLevel: pick(SEVERITIES),
    autoCorrected: random() < 0.4,
    createdAt: new Date(START + Math.floor(random() * HOURS) * HOUR_MS).toISOString(),
  }));
  rows = await nagaya.service.databases.product('coding_rule2').query<Violation>(
    `INSERT INTO constitutional_violations (violation_type, violation_description, original_response, severity_level, auto_corrected, created_at)
     SELECT v.type, 'd', 'o', v.severity, v.corrected, v.at FROM unnest($1::text[], $2::text[], $3::bool[], $4::timestamptz[]) AS v (type, severity, corrected, at)
     RETURNING id, violation_type AS "violationType", severity_level AS "severityLevel", auto_corrected AS "autoCorrected",
               to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "createdAt"`,
    [made.map((row) => row.violationType), made.map((row) => row.severityLevel), made.map((row) => row.autoCorrected), made.map((row) => row.createdAt)],
  );
});
afterAll(() => nagaya.stop());

describe('recording a violation', () => {
  test('answers 201 with the row, and a Location where it is read', async () => {
    const body = { violationType: 'recorded', violationDescription: 'Claimed to have run the tests', originalResponse: 'All pass.', correctedResponse: 'Not run yet.', severityLevel: 'high', autoCorrected: true };
    const answer = await nagaya.request('POST', PATH, { body });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ id: expect.any(String), ...body, sessionId: null, patternType: null, createdAt: expect.any(String) });
    const read = await nagaya.request('GET', answer.headers.get('location') ?? '');
    expect([read.status, read.body]).toEqual([200, answer.body]);
  });

  test('without a correction has null and false', async () => {
    const answer = await nagaya.request('POST', PATH, { body: { violationType: 'recorded', violationDescription: 'd', originalResponse: '', severityLevel: 'low' } });
    expect(answer.body).toMatchObject({ correctedResponse: null, autoCorrected: false });
  });
});

describe('listing violations', () => {
  const between = 'since=2026-01-30T00:00:00Z&until=2026-02-03T00:00:00Z';

  test.each([1, 13, 100])('pages of %d give each once, newest first, those of one moment included', async (limit) => {
    const listed = (await walk<Violation>(nagaya, `${PATH}?${between}`, { limit })).flat();
    const expected = [...rows].sort((a, b) => (a.createdAt === b.createdAt ? (a.id < b.id ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1));
    expect(listed.map((row) => row.id)).toEqual(expected.map((row) => row.id));
  });

  test('filters by rule, severity and time, and by all of them', async () => {
    const ids = async (query: string) => (await walk<Violation>(nagaya, `${PATH}?${query}`, { limit: 100 })).flat().map((row) => row.id).sort();
    const expected = (matches: (row: Violation) => boolean) => rows.filter(matches).map((row) => row.id).sort();
    const day = (row: Violation) => row.createdAt >= '2026-01-31T05:00:00.000Z' && row.createdAt < '2026-02-01T05:00:00.000Z';
    expect(await ids(`violationType=${encodeURIComponent('正直さ')}`)).toEqual(expected((row) => row.violationType === '正直さ'));
    expect(await ids(`severityLevel=critical`)).toEqual(expected((row) => row.severityLevel === 'critical'));
    const range = 'since=2026-01-31T05:00:00Z&until=2026-02-01T05:00:00Z';
    expect(await ids(range)).toEqual(expected(day));
    expect(await ids(`${range}&violationType=honesty&severityLevel=low`)).toEqual(
      expected((row) => day(row) && row.violationType === 'honesty' && row.severityLevel === 'low'),
    );
    expect(await ids('violationType=unheard-of')).toEqual([]);
  });
});

describe('the summary', () => {
  const countBy = (all: readonly Violation[], key: (row: Violation) => string): Map<string, number> => {
    const counts = new Map<string, number>();
    for (const row of all) counts.set(key(row), (counts.get(key(row)) ?? 0) + 1);
    return counts;
  };
  const asMap = (entries: { key: string; count: number }[]) => new Map(entries.map(({ key, count }) => [key, count]));

  test('of any range counts by rule, severity and day as a count of the rows does', async () => {
    const hour = fc.integer({ min: -2, max: HOURS + 2 });
    await fc.assert(
      fc.asyncProperty(fc.tuple(hour, hour).filter(([a, b]) => a < b), async ([from, to]) => {
        const [since, until] = [from, to].map((n) => new Date(START + n * HOUR_MS).toISOString()) as [string, string];
        const { body } = await nagaya.request('GET', `${PATH}/summary?since=${since}&until=${until}`);
        const inRange = rows.filter((row) => row.createdAt >= since && row.createdAt < until);
        const corrected = inRange.filter((row) => row.autoCorrected).length;
        expect(body).toMatchObject({ total: inRange.length, autoCorrectedCount: corrected });
        expect(body['autoCorrectionRate']).toBeCloseTo(inRange.length === 0 ? 0 : corrected / inRange.length, 12);
        expect(asMap(body['byType'] ?? [])).toEqual(countBy(inRange, (row) => row.violationType));
        expect(asMap(body['bySeverity'] ?? [])).toEqual(countBy(inRange, (row) => row.severityLevel));
        expect(asMap(body['byDay'] ?? [])).toEqual(countBy(inRange, (row) => row.createdAt.slice(0, 10)));
      }),
      { numRuns: 12, seed: 5 },
    );
  });

  test('gives rules by their number, severities worst first, days oldest first', async () => {
    const { body } = await nagaya.request('GET', `${PATH}/summary?since=2026-01-30T00:00:00Z&until=2026-02-03T00:00:00Z`);
    const counts = ((body['byType'] ?? []) as { count: number }[]).map((entry) => entry.count);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
    expect(((body['bySeverity'] ?? []) as { key: string }[]).map((entry) => entry.key)).toEqual(['critical', 'high', 'medium', 'low']);
    expect(((body['byDay'] ?? []) as { key: string }[]).map((entry) => entry.key)).toEqual(['2026-01-30', '2026-01-31', '2026-02-01', '2026-02-02']);
  });

  test('without a range is of all there are; of an empty one it is all zeros', async () => {
    const all = await walk<Violation>(nagaya, PATH, { limit: 100 });
    expect((await nagaya.request('GET', `${PATH}/summary`)).body).toMatchObject({ total: all.flat().length });
    expect((await nagaya.request('GET', `${PATH}/summary?until=2001-01-01T00:00:00Z`)).body).toEqual({
      total: 0,
      autoCorrectedCount: 0,
      autoCorrectionRate: 0,
      byType: [],
      bySeverity: [],
      byDay: [],
      autoCorrectionByType: [],
      autoCorrectionBySeverity: [],
      autoCorrectionByWeek: [],
      recurrence: [],
    });
  });
});

describe('a pair of texts', () => {
  const post = (more: object) => nagaya.request('POST', PATH, { body: { violationType: 'pairs', violationDescription: 'd', originalResponse: 'All tests pass.', severityLevel: 'high', ...more } });

  test('is completed afterwards; what is absent stays', async () => {
    const { body } = await post({ sessionId: 'pair-1' });
    const one = await nagaya.request('PATCH', `${PATH}/${body['id']}`, { body: { correctedResponse: 'まだ実行していません。' } });
    expect([one.status, one.body]).toEqual([200, { ...body, correctedResponse: 'まだ実行していません。' }]);
    const two = await nagaya.request('PATCH', `${PATH}/${body['id']}`, { body: { autoCorrected: true } });
    expect(two.body).toEqual({ ...one.body, autoCorrected: true });
    expect((await nagaya.request('PATCH', `${PATH}/${body['id']}`, { body: { correctedResponse: null } })).body).toMatchObject({ correctedResponse: null, autoCorrected: true });
    expect((await nagaya.request('PATCH', `${PATH}/0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e`, { body: {} })).status).toBe(404);
  });

  test('is linked to its session and to a mistake pattern that is known; one that is not is refused at the field', async () => {
    const refused = await post({ patternType: 'unheard-of' });
    expect([refused.status, refused.body['errors']]).toEqual([400, [{ pointer: '/patternType', detail: expect.stringContaining('known') }]]);
    await nagaya.request('PUT', '/v1/products/coding_rule2/mistake-patterns/claimed-tests-passed', { body: { patternDescription: 'Says that tests pass' } });
    const { body } = await post({ patternType: 'claimed-tests-passed', sessionId: 'pair-2', correctedResponse: 'c' });
    expect(body).toMatchObject({ patternType: 'claimed-tests-passed', sessionId: 'pair-2' });
    for (const query of ['sessionId=pair-2', 'patternType=claimed-tests-passed', 'violationType=pairs&corrected=true']) {
      expect((await nagaya.request('GET', `${PATH}?${query}`)).body.items).toEqual([body]);
    }
    expect((await nagaya.request('GET', `${PATH}?violationType=pairs&corrected=false`)).body.items).toHaveLength(1);
  });
});

test('the summary tells auto-correction by rule, severity and ISO week, and which rules come back', async () => {
  const insert = (type: string, at: string, auto: boolean, corrected: string | null, session: string | null, severity: string) =>
    nagaya.service.databases.product('coding_rule2').query(
      `INSERT INTO constitutional_violations (violation_type, violation_description, original_response, severity_level, auto_corrected, corrected_response, session_id, created_at)
       VALUES ($1, 'd', 'o', $2, $3, $4, $5, $6)`,
      [type, severity, auto, corrected, session, at],
    );
  // 2027-01-03 is the Sunday of 2026-W53, 2027-01-04 the Monday of 2027-W01.
  await insert('honesty', '2027-01-03T23:00:00Z', true, 'c', 's1', 'high');
  await insert('honesty', '2027-01-04T01:00:00Z', false, null, 's2', 'high');
  await insert('honesty', '2027-01-04T03:00:00Z', true, null, 's2', 'low');
  await insert('care', '2027-01-04T04:00:00Z', false, null, null, 'low');
  const { body } = await nagaya.request('GET', `${PATH}/summary?since=2027-01-01T00:00:00Z&until=2027-02-01T00:00:00Z`);
  expect(body).toMatchObject({
    total: 4,
    byType: [{ key: 'honesty', count: 3 }, { key: 'care', count: 1 }],
    autoCorrectionByType: [
      { key: 'honesty', count: 3, autoCorrectedCount: 2, autoCorrectionRate: 2 / 3 },
      { key: 'care', count: 1, autoCorrectedCount: 0, autoCorrectionRate: 0 },
    ],
    autoCorrectionBySeverity: [
      { key: 'high', count: 2, autoCorrectedCount: 1, autoCorrectionRate: 0.5 },
      { key: 'low', count: 2, autoCorrectedCount: 1, autoCorrectionRate: 0.5 },
    ],
    autoCorrectionByWeek: [
      { key: '2026-W53', count: 1, autoCorrectedCount: 1, autoCorrectionRate: 1 },
      { key: '2027-W01', count: 3, autoCorrectedCount: 1, autoCorrectionRate: 1 / 3 },
    ],
  });
  expect(body['recurrence']).toEqual([
    { key: 'honesty', count: 3, sessionCount: 2, dayCount: 2, recurredAfterCorrection: 2, meanSecondsBetween: 7_200, firstAt: '2027-01-03T23:00:00.000Z', lastAt: '2027-01-04T03:00:00.000Z' },
  ]);
});
