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
  test('answers 201 with the row, and a Location where it is listed', async () => {
    const body = { violationType: 'recorded', violationDescription: 'Claimed to have run the tests', originalResponse: 'All pass.', correctedResponse: 'Not run yet.', severityLevel: 'high', autoCorrected: true };
    const answer = await nagaya.request('POST', PATH, { body });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ id: expect.any(String), ...body, createdAt: expect.any(String) });
    const listed = await nagaya.request('GET', answer.headers.get('location') ?? '');
    expect(listed.body.items).toContainEqual(answer.body);
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
    });
  });
});
