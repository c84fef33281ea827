import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { RollupWriter } from '../../src/monitoring/rollups/rollup-writer.js';
import { startTestService, type TestService } from '../support/service.js';

interface Bucket {
  bucketStart: string;
  metricType: string;
  count: number;
  min: number;
  max: number;
  mean: number;
  p50: number;
  p95: number;
  p99: number;
}
interface Measured {
  type: string;
  value: number;
  /** Milliseconds after the start of the range. */
  at: number;
}

const SECONDS = { '1m': 60, '5m': 300, '1h': 3_600, '1d': 86_400 };
const DAY_MS = 86_400_000;
const TODAY = Math.floor(Date.now() / DAY_MS) * DAY_MS;
/** Not on the edge of any bucket. */
const START = TODAY - 3 * DAY_MS + 7 * 3_600_000 + 123_456;
const SPAN_MS = 26 * 3_600_000;
const PATH = '/v1/products/coding_rule2/metrics';

let nagaya: TestService;
let runs = 0;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

async function record(items: readonly Measured[]): Promise<void> {
  const body = { items: items.map(({ type, value, at }) => ({ metricType: type, metricValue: value, timestamp: new Date(START + at).toISOString() })) };
  expect((await nagaya.request('POST', `${PATH}/batch`, { body })).status).toBe(201);
}

async function summary(query: Record<string, string>): Promise<Bucket[]> {
  const answer = await nagaya.request('GET', `${PATH}/summary?${new URLSearchParams(query).toString()}`);
  expect({ query, status: answer.status, errors: answer.body['errors'] }).toMatchObject({ query, status: 200 });
  return answer.body.items;
}

/** Linear interpolation between the closest ranks. */
function percentile(sorted: readonly number[], share: number): number {
  const place = share * (sorted.length - 1);
  const [low, high] = [sorted[Math.floor(place)] ?? NaN, sorted[Math.ceil(place)] ?? NaN];
  return low + (high - low) * (place - Math.floor(place));
}

function expected(items: readonly Measured[], seconds: number): Bucket[] {
  const groups = new Map<string, Measured[]>();
  for (const item of items) {
    const key = `${Math.floor((START + item.at) / (seconds * 1_000))} ${item.type}`;
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return [...groups]
    .map(([key, group]): Bucket => {
      const [bucket = '', metricType = ''] = key.split(' ');
      const values = group.map((item) => item.value).sort((a, b) => a - b);
      return {
        bucketStart: new Date(Number(bucket) * seconds * 1_000).toISOString(),
        metricType,
        count: values.length,
        min: values[0] ?? NaN,
        max: values.at(-1) ?? NaN,
        mean: values.reduce((sum, value) => sum + value / values.length, 0),
        p50: percentile(values, 0.5),
        p95: percentile(values, 0.95),
        p99: percentile(values, 0.99),
      };
    })
    .sort((a, b) => (a.bucketStart === b.bucketStart ? (a.metricType < b.metricType ? -1 : 1) : a.bucketStart < b.bucketStart ? -1 : 1));
}

const ROUNDING = 1e-9;
/** Of a day's percentiles, where its hours have been rolled up: the job of this service may have been there. */
const ROLLED_UP = 0.0051;

/** Equal but for rounding: figures of the size of the bucket's largest may differ in the last digits. */
function expectBuckets(actual: readonly Bucket[], wanted: readonly Bucket[], accuracy = ROUNDING): void {
  const exact = ({ bucketStart, metricType, count, min, max }: Bucket) => ({ bucketStart, metricType, count, min, max });
  expect(actual.map(exact)).toEqual(wanted.map(exact));
  for (const [index, bucket] of actual.entries()) {
    const other = wanted[index];
    const size = Math.max(Math.abs(bucket.min), Math.abs(bucket.max), Number.MIN_VALUE);
    for (const figure of ['mean', 'p50', 'p95', 'p99'] as const) {
      expect(Math.abs(bucket[figure] - (other?.[figure] ?? NaN)) / size).toBeLessThan(figure === 'mean' ? ROUNDING : accuracy);
    }
  }
}

const value = fc.oneof(fc.integer({ min: -1_000, max: 1_000 }), fc.double({ min: -1e100, max: 1e100, noNaN: true }));
const RANGE = { since: new Date(START).toISOString(), until: new Date(START + SPAN_MS).toISOString() };

test('the figures of any measurements are those of a reference, in buckets of any length: exact, interpolated, oldest first, none empty', async () => {
  const measured = fc.record({ type: fc.constantFrom('a', 'b'), value: value.map((x) => (Object.is(x, -0) ? 0 : x)), at: fc.integer({ min: 0, max: SPAN_MS - 1 }) });
  await fc.assert(
    fc.asyncProperty(fc.array(measured, { minLength: 1, maxLength: 80 }), async (items) => {
      const run = `run${++runs}`;
      const own = items.map((item) => ({ ...item, type: `${run}-${item.type}` }));
      await record(own);
      for (const [bucket, seconds] of Object.entries(SECONDS)) {
        const a = own.filter((item) => item.type === `${run}-a`);
        expectBuckets(await summary({ ...RANGE, bucket, metricType: `${run}-a` }), expected(a, seconds), bucket === '1d' ? ROLLED_UP : ROUNDING);
        const both = (await summary({ ...RANGE, bucket })).filter((row) => row.metricType.startsWith(`${run}-`));
        expectBuckets(both, expected(own, seconds), bucket === '1d' ? ROLLED_UP : ROUNDING);
      }
    }),
    { numRuns: 6, seed: 17 },
  );
});

test('rolled up by the job, they are the same: hours exact, days within half a percent, late rows among them at once', async () => {
  const items = Array.from({ length: 3_000 }, (_, n): Measured => ({ type: 'rolled', value: Math.exp(((n * 7_919) % 3_000) / 300), at: (n * 104_729) % SPAN_MS }));
  await record(items);
  const writer = nagaya.service.app.get(RollupWriter, { strict: false });
  await writer.rollUpDue(new AbortController().signal);
  const control = nagaya.service.databases.control;
  const rollups = async () => (await control.query<{ n: number }>(`SELECT count(*)::int AS n FROM monitoring.metric_rollups WHERE metric_type = 'rolled'`))[0]?.n;
  expect(await rollups()).toBe(expected(items, 3_600).length);
  const check = async (wanted: readonly Measured[]) => {
    for (const [bucket, seconds] of Object.entries(SECONDS)) {
      expectBuckets(await summary({ ...RANGE, bucket, metricType: 'rolled' }), expected(wanted, seconds), bucket === '1d' ? ROLLED_UP : ROUNDING);
    }
  };
  await check(items);
  // They come from the rollups: hours that lie wholly in the range do so without the measurements, too.
  await control.query(`UPDATE monitoring.metric_rollups SET max = 1e6 WHERE metric_type = 'rolled'`);
  expect((await summary({ ...RANGE, bucket: '1h', metricType: 'rolled' })).filter((row) => row.max === 1e6).length).toBeGreaterThan(20);
  await control.query(`UPDATE monitoring.metric_rollups r SET max = p99 WHERE metric_type = 'rolled'`);
  await control.query(`DELETE FROM monitoring.metric_rolled_hours`);
  await writer.rollUpDue(new AbortController().signal);
  const late: Measured[] = [{ type: 'rolled', value: 77, at: 5 * 3_600_000 }, { type: 'rolled', value: -3, at: 6 * 3_600_000 }];
  await record(late);
  await check([...items, ...late]);
  await writer.rollUpDue(new AbortController().signal);
  await check([...items, ...late]);
  expect(await control.query('SELECT 1 FROM monitoring.metric_late_hours')).toEqual([]);
  // Again, and two at once: nothing changes.
  await Promise.all([writer.rollUpDue(new AbortController().signal), writer.rollUpDue(new AbortController().signal)]);
  await check([...items, ...late]);
});

test('of rollups a product sees its own, and writes none', async () => {
  const teaHouse = nagaya.service.databases.product('tea_house');
  expect(await teaHouse.query('SELECT 1 FROM monitoring.metric_rollups')).toEqual([]);
  await expect(teaHouse.query(`DELETE FROM monitoring.metric_rollups`)).rejects.toMatchObject({ code: '42501' });
  await expect(teaHouse.query(`INSERT INTO monitoring.metric_late_hours (product_id, hour) VALUES ('coding_rule2', now())`)).rejects.toMatchObject({ code: '42501' });
});

test.each(Object.entries(SECONDS))('buckets of %s start at whole multiples of it in UTC, also where the range does not', async (bucket, seconds) => {
  await record([{ type: `aligned-${bucket}`, value: 1, at: 61_001 }, { type: `aligned-${bucket}`, value: 2, at: 5_000_123 }]);
  const starts = (await summary({ ...RANGE, bucket, metricType: `aligned-${bucket}` })).map((row) => Date.parse(row.bucketStart));
  expect(starts.map((start) => start % (seconds * 1_000))).toEqual(starts.map(() => 0));
});

test('the range takes its first moment in and leaves its last out', async () => {
  await record([0, 1, 999, 1_000].map((at) => ({ type: 'edges', value: at, at })));
  const until = new Date(START + 1_000).toISOString();
  expect(await summary({ since: RANGE.since, until, bucket: '1d', metricType: 'edges' })).toMatchObject([{ count: 3, min: 0, max: 999 }]);
});

test('without a range it is the last day, by the hour', async () => {
  await nagaya.request('POST', `${PATH}/batch`, { body: { items: [{ metricType: 'today', metricValue: 5 }] } });
  await record([{ type: 'today', value: 1, at: 0 }]);
  const [hour, ...others] = await summary({ metricType: 'today' });
  expect(others).toEqual([]);
  expect(hour).toMatchObject({ count: 1, mean: 5, p99: 5 });
  expect(Date.parse(hour?.bucketStart ?? '') % 3_600_000).toBe(0);
});

test.each([
  [{ since: '2026-01-01T00:00:00Z', until: '2026-02-01T00:01:00Z', bucket: '1m' }, '/query/bucket'],
  [{ since: '2026-01-01T00:00:00Z', until: '2026-01-01T00:00:00Z' }, '/query/until'],
  [{ since: '2026-01-02T00:00:00Z', until: '2026-01-01T00:00:00Z' }, '/query/until'],
  [{ since: '2999-01-01T00:00:00Z' }, '/query/since'],
  [{ bucket: '2h' }, '/query/bucket'],
])('refuses %j', async (query, pointer) => {
  const answer = await nagaya.request('GET', `${PATH}/summary?${new URLSearchParams(query).toString()}`);
  expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer, detail: expect.any(String) }]]);
});

test('takes a month of minutes, which is the most', async () => {
  expect(await summary({ since: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z', bucket: '1m', metricType: 'none' })).toEqual([]);
});

test('no measurement that was accepted makes a summary fail', async () => {
  const extremes = [1.7e308, -1.7e308, 1e200, 1e155, 1e101, -1e100, 1e100, 5e-324];
  for (const metricValue of extremes) {
    await nagaya.request('POST', `${PATH}/batch`, { body: { items: [{ metricType: 'extreme', metricValue, timestamp: RANGE.since }] } });
  }
  const [bucket] = await summary({ ...RANGE, bucket: '1d', metricType: 'extreme' });
  for (const figure of [bucket?.mean, bucket?.p50, bucket?.p95, bucket?.p99]) expect(Number.isFinite(figure)).toBe(true);
});
