import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

interface Event {
  id: string;
  eventType: string;
  eventData: { n: number };
  timestamp: string;
}

const DAY_MS = 86_400_000;
/** Yesterday noon: within the days that are kept whenever the test runs. */
const NOON = Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS / 2;
const time = (ms: number) => new Date(ms).toISOString();
const at = (seconds: number) => time(NOON + seconds * 1_000);
const PATH = '/v1/products/coding_rule2/events';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const post = (body: unknown): Promise<Answer> => nagaya.request('POST', PATH, { body });
const batch = (items: unknown): Promise<Answer> => nagaya.request('POST', `${PATH}/batch`, { body: { items } });
const listed = async (query: string, limit = 100): Promise<Event[]> => (await walk<Event>(nagaya, `${PATH}?${query}`, { limit })).flat();

describe('recording an event', () => {
  test('answers 201 with the row, and a Location where it is listed', async () => {
    const answer = await post({ eventType: 'deployment', eventData: { version: '2.1.0', 言語: ['ja'] }, timestamp: at(0).replace('.000Z', '+00:00') });
    expect(answer.status).toBe(201);
    expect(answer.body).toEqual({ id: expect.any(String), productId: 'coding_rule2', eventType: 'deployment', eventData: { version: '2.1.0', 言語: ['ja'] }, timestamp: at(0) });
    expect((await nagaya.request('GET', answer.headers.get('location') ?? '')).body.items).toContainEqual(answer.body);
  });

  test('without a time means now', async () => {
    const before = Date.now();
    const { body } = await post({ eventType: 'now', eventData: {} });
    expect(Date.parse(body['timestamp'] ?? '')).toBeGreaterThanOrEqual(before);
    expect(Date.parse(body['timestamp'] ?? '')).toBeLessThanOrEqual(Date.now());
    expect(await listed('eventType=now')).toEqual([body]);
  });

  test('belongs to the product of the address: its neighbour does not see it', async () => {
    await post({ eventType: 'mine', eventData: {} });
    const theirs = await nagaya.request('POST', '/v1/products/tea_house/events', { key: nagaya.keys.teaHouse, body: { eventType: 'theirs', eventData: {} } });
    expect(theirs.body).toMatchObject({ productId: 'tea_house' });
    const neighbour = await walk<Event>(nagaya, '/v1/products/tea_house/events', { limit: 100, key: nagaya.keys.teaHouse });
    expect(neighbour.flat().map((event) => event.eventType)).toEqual(['theirs']);
    expect(await listed('eventType=theirs')).toEqual([]);
  });

  test.each([-31, 31])('refuses a time %d days from today: that day is not kept', async (days) => {
    const answer = await post({ eventType: 'elsewhen', eventData: {}, timestamp: time(Date.now() + days * DAY_MS) });
    expect([answer.status, answer.body['code'], answer.body['errors']]).toEqual([400, 'validation_failed', [{ pointer: '/timestamp', detail: expect.any(String) }]]);
    expect(await listed('eventType=elsewhen')).toEqual([]);
  });

  test.each([-29, 29])('takes a time %d days from today', async (days) => {
    const { status, body } = await post({ eventType: `in ${days} days`, eventData: {}, timestamp: time(Date.now() + days * DAY_MS) });
    expect(status).toBe(201);
    expect(await listed(`eventType=${encodeURIComponent(`in ${days} days`)}`)).toEqual([body]);
  });
});

describe('recording a batch', () => {
  test('answers the rows in the order in which they were sent, whatever their times', async () => {
    const items = Array.from({ length: 60 }, (_, n) => ({ eventType: 'batch', eventData: { n }, timestamp: at((n * 37) % 60) }));
    const answer = await batch(items);
    expect(answer.status).toBe(201);
    expect((answer.body.items as Event[]).map(({ eventType, eventData, timestamp }) => ({ eventType, eventData, timestamp }))).toEqual(items);
    const stored = await listed('eventType=batch');
    expect(stored).toEqual([...(answer.body.items as Event[])].sort((a, b) => (a.timestamp < b.timestamp ? 1 : -1)));
  });

  test('records all or none, and names the item whose time is not kept', async () => {
    const items = Array.from({ length: 5 }, (_, n) => ({ eventType: 'none', eventData: {}, ...(n === 3 && { timestamp: '2001-01-01T00:00:00Z' }) }));
    const answer = await batch(items);
    expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer: '/items/3/timestamp', detail: expect.any(String) }]]);
    expect(await listed('eventType=none')).toEqual([]);
  });

  test('names every item that is wrong in itself', async () => {
    const answer = await batch([{ eventType: 'none', eventData: {} }, { eventType: '', eventData: {} }, { eventType: 'none', eventData: [], extra: 1 }]);
    expect(refusal(answer)).toEqual([400, 'validation_failed', '/items/1/eventType', '/items/2/eventData', '/items/2/extra']);
    expect(await listed('eventType=none')).toEqual([]);
  });

  test('has 1 to 1,000 items', async () => {
    const events = (length: number) => Array.from({ length }, (_, n) => ({ eventType: 'full', eventData: { n }, timestamp: at(n) }));
    expect((await batch(events(1_000))).status).toBe(201);
    for (const items of [[], events(1_001)]) {
      const answer = await batch(items);
      expect([answer.status, answer.body['errors']]).toEqual([400, [{ pointer: '/items', detail: expect.any(String) }]]);
    }
    expect((await listed('eventType=full')).map((event) => event.eventData.n)).toEqual(Array.from({ length: 1_000 }, (_, n) => 999 - n));
  });
});

describe('listing events', () => {
  beforeAll(async () => {
    // Four events share each moment, and the moments lie on both sides of midnight: two partitions.
    const items = Array.from({ length: 40 }, (_, n) => ({ eventType: `listed-${n % 2}`, eventData: { n }, timestamp: at(43_200 - 5 + Math.floor(n / 4)) }));
    await batch(items);
  });

  test.each([1, 9, 100])('pages of %d give each once, newest first, over midnight and within a moment', async (limit) => {
    const rows = await listed(`since=${at(43_200 - 5)}&until=${at(43_200 + 5)}`, limit);
    expect(rows.map((event) => event.eventData.n).sort((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, n) => n));
    expect(rows.map((event) => event.timestamp)).toEqual(rows.map((event) => event.timestamp).sort().toReversed());
  });

  test('filters by kind and by time: the first moment in, the last out', async () => {
    const rows = await listed(`eventType=listed-1&since=${at(43_200 - 4)}&until=${at(43_200 - 2)}`);
    expect(rows.map((event) => event.eventData.n).sort((a, b) => a - b)).toEqual([5, 7, 9, 11]);
    expect(await listed(`since=${at(43_200 - 4)}&until=${at(43_200 - 4).replace('.000Z', '.001Z')}`)).toHaveLength(4);
  });
});
