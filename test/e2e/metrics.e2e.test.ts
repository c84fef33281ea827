import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

interface Metric {
  id: string;
  metricType: string;
  metricValue: number;
  timestamp: string;
}

const DAY_MS = 86_400_000;
const NOON = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2;
const at = (seconds: number) => new Date(NOON + seconds * 1_000).toISOString();
const PATH = '/v1/products/coding_rule2/metrics';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const record = (items: unknown, path = PATH, key = nagaya.keys.codingRule2): Promise<Answer> => nagaya.request('POST', `${path}/batch`, { body: { items }, key });
const listed = async (query: string, limit = 1_000): Promise<Metric[]> => (await walk<Metric>(nagaya, `${PATH}?${query}`, { limit })).flat();

describe('recording measurements', () => {
  test('answers how many; what is left out is null, or now', async () => {
    const before = Date.now();
    const answer = await record([
      { metricType: 'full', metricValue: -1.5e-7, metricUnit: 'ms', timestamp: at(0), metadata: { route: 'search' } },
      { metricType: 'bare', metricValue: 0 },
      { metricType: 'null', metricValue: 3, metricUnit: null, metadata: null },
    ]);
    expect([answer.status, answer.body]).toEqual([201, { accepted: 3 }]);
    const [full] = await listed('metricType=full');
    expect(full).toEqual({ id: expect.any(String), productId: 'coding_rule2', metricType: 'full', metricValue: -1.5e-7, metricUnit: 'ms', timestamp: at(0), metadata: { route: 'search' } });
    const [bare] = await listed('metricType=bare');
    expect(bare).toMatchObject({ metricUnit: null, metadata: null });
    expect(Date.parse(bare?.timestamp ?? '')).toBeGreaterThanOrEqual(before);
    expect(await listed('metricType=null')).toMatchObject([{ metricUnit: null, metadata: null }]);
  });

  test('takes 10,000 in one batch, and no more', async () => {
    const items = Array.from({ length: 10_000 }, (_, n) => ({ metricType: 'many', metricValue: n, timestamp: at(n % 50) }));
    expect((await record(items)).body).toEqual({ accepted: 10_000 });
    for (const wrong of [[], [...items, items[0]]]) {
      const answer = await record(wrong);
      expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer: '/items', detail: expect.any(String) }]]);
    }
    const summary = await nagaya.request('GET', `${PATH}/summary?metricType=many&since=${at(0)}&until=${at(60)}&bucket=1d`);
    expect(summary.body.items).toMatchObject([{ count: 10_000, min: 0, max: 9_999, mean: 4_999.5 }]);
  });

  test('records all or none, and names what is wrong with which', async () => {
    const good = { metricType: 'none', metricValue: 1 };
    const cases: [object, string][] = [
      [{ ...good, metricValue: '1' }, '/items/1/metricValue'],
      [{ ...good, metricValue: null }, '/items/1/metricValue'],
      [{ ...good, metricUnit: 'x'.repeat(21) }, '/items/1/metricUnit'],
      [{ ...good, timestamp: '2001-01-01T00:00:00Z' }, '/items/1/timestamp'],
      [{ ...good, timestamp: 'yesterday' }, '/items/1/timestamp'],
    ];
    for (const [item, pointer] of cases) {
      const answer = await record([good, item, good]);
      expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer, detail: expect.any(String) }]]);
    }
    expect(await listed('metricType=none')).toEqual([]);
  });

  test('refuses 1e999, which JSON can write and no double can hold', async () => {
    const answer = await nagaya.request('POST', `${PATH}/batch`, { body: '{"items":[{"metricType":"none","metricValue":1e999}]}' });
    expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer: '/items/0/metricValue', detail: expect.any(String) }]]);
  });

  test('keeps products apart', async () => {
    await record([{ metricType: 'apart', metricValue: 1 }]);
    await record([{ metricType: 'apart', metricValue: 2 }], '/v1/products/tea_house/metrics', nagaya.keys.teaHouse);
    expect((await listed('metricType=apart')).map((metric) => metric.metricValue)).toEqual([1]);
    const theirs = await nagaya.request('GET', '/v1/products/tea_house/metrics/summary?metricType=apart', { key: nagaya.keys.operator });
    expect(theirs.body.items).toMatchObject([{ count: 1, min: 2, max: 2 }]);
  });
});

describe('listing measurements', () => {
  const since = at(-7_200);
  const until = at(-3_600);
  beforeAll(async () => {
    const items = Array.from({ length: 1_100 }, (_, n) => ({ metricType: `listed-${n % 2}`, metricValue: n, timestamp: at(-7_200 + (n >> 3)) }));
    await record(items);
  });

  test('has pages of up to 1,000, newest first, each once', async () => {
    const pages = await walk<Metric>(nagaya, `${PATH}?since=${since}&until=${until}`, { limit: 1_000 });
    expect(pages.map((page) => page.length)).toEqual([1_000, 100]);
    const rows = pages.flat();
    expect(rows.map((row) => row.metricValue).sort((a, b) => a - b)).toEqual(Array.from({ length: 1_100 }, (_, n) => n));
    expect(rows.map((row) => row.timestamp)).toEqual(rows.map((row) => row.timestamp).sort().toReversed());
    const tooMany = await nagaya.request('GET', `${PATH}?limit=1001`);
    expect([tooMany.status, tooMany.body['errors']]).toEqual([400, [{ pointer: '/query/limit', detail: 'must be a whole number from 1 to 1000' }]]);
  });

  test('filters by kind and time, and gives 20 unless asked for more', async () => {
    const rows = await listed(`metricType=listed-1&since=${since}&until=${at(-7_200 + 2)}`, 3);
    expect(rows.map((row) => row.metricValue).sort((a, b) => a - b)).toEqual([1, 3, 5, 7, 9, 11, 13, 15]);
    expect((await nagaya.request('GET', PATH)).body.items).toHaveLength(20);
  });
});
