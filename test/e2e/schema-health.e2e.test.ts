import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AlertEvaluator } from '../../src/alerts/evaluation/alert-evaluator.js';
import { SchemaHealth } from '../../src/health/schema/schema-health.service.js';
import { refusal } from '../support/problem.js';
import { startTestService, type TestService } from '../support/service.js';

let nagaya: TestService;
let health: SchemaHealth;
beforeAll(async () => {
  nagaya = await startTestService();
  health = nagaya.service.app.get(SchemaHealth, { strict: false });
});
afterAll(() => nagaya.stop());

const timeOf = (body: Record<string, unknown>, name: string): number => Date.parse(String(body[name]));
const TEA = '/v1/products/tea_house/health';
const asTea = () => ({ key: nagaya.keys.teaHouse });
const brew = (name: string) => nagaya.request('POST', '/v1/products/tea_house/teas', { ...asTea(), body: { name } });
const operator = () => ({ key: nagaya.keys.operator });

describe('the health of a schema', () => {
  test('is there before the first sweep was due: who asks gets one made', async () => {
    const { status, body } = await nagaya.request('GET', TEA, asTea());
    expect(status).toBe(200);
    expect(body).toMatchObject({ productId: 'tea_house', tableCount: 1, recordCount: 0, recordCountExact: true, lastActivity: null, status: 'warning', migrationsPending: 0 });
    expect(body['schemaSizeBytes']).toBeGreaterThan(0);
  });

  test('counts what was written a moment ago, on tables that were never analysed, and knows when', async () => {
    for (const name of ['sencha', 'gyokuro', 'hojicha']) await brew(name);
    const before = Date.now();
    await health.sweep();
    const { body } = await nagaya.request('GET', TEA, asTea());
    expect(body).toMatchObject({ recordCount: 3, recordCountExact: true, schemaSizeExact: true });
    expect(timeOf(body, 'lastActivity')).toBeGreaterThanOrEqual(before - 60_000);
  });

  test('does not count the migration history as the product’s, and is 7 tables for coding_rule2', async () => {
    const { body } = await nagaya.request('GET', '/v1/products/coding_rule2/health');
    const [row] = await nagaya.service.databases.product('coding_rule2').query<{ tables: number }>(
      `SELECT count(*)::int AS tables FROM information_schema.tables WHERE table_schema = 'coding_rule2' AND table_name <> 'migrations'`,
    );
    expect(body['tableCount']).toBe(row?.tables);
  });

  test('keeps its last activity while nothing is written', async () => {
    const look = async () => {
      // A scan is no activity.
      await nagaya.request('GET', '/v1/products/tea_house/teas', asTea());
      await health.sweep();
      return (await nagaya.request('GET', TEA, asTea())).body;
    };
    // The backends report what they have written within some seconds; from then on nothing changes any more.
    let [before, after] = [await look(), await look()];
    for (let looks = 0; looks < 30 && before['lastActivity'] !== after['lastActivity']; looks++) {
      await sleep(500);
      [before, after] = [after, await look()];
    }
    expect(after['lastActivity']).toBe(before['lastActivity']);
    expect(timeOf(after, 'checkedAt')).toBeGreaterThan(timeOf(before, 'checkedAt'));
  });

  test('has a history, newest first, page by page', async () => {
    const all = (await nagaya.request('GET', `${TEA}/history?limit=100`, asTea())).body.items as { checkedAt: string }[];
    expect(all.length).toBeGreaterThanOrEqual(4);
    expect(all.map((check) => check.checkedAt)).toEqual(all.map((check) => check.checkedAt).sort().toReversed());
    const first = (await nagaya.request('GET', `${TEA}/history?limit=1`, asTea())).body;
    const second = (await nagaya.request('GET', `${TEA}/history?limit=1&cursor=${first['nextCursor']}`, asTea())).body;
    expect([...first.items, ...second.items]).toEqual(all.slice(0, 2));
    const until = all[1]?.checkedAt ?? '';
    expect((await nagaya.request('GET', `${TEA}/history?limit=100&until=${until}`, asTea())).body.items).toHaveLength(all.length - 2);
  });

  test("is a product's own; core and monitoring are for operators", async () => {
    expect((await nagaya.request('GET', TEA)).status).toBe(404);
    expect((await nagaya.request('GET', '/v1/products/core/health', operator())).status).toBe(404);
    expect((await nagaya.request('GET', '/v1/schema-health')).status).toBe(404);
    const { items } = (await nagaya.request('GET', '/v1/schema-health', operator())).body;
    expect(items.map(({ productId }) => productId)).toEqual(['coding_rule2', 'core', 'monitoring', 'tea_house']);
    const history = await nagaya.request('GET', '/v1/schema-health/core/history', operator());
    expect(history.body.items[0]).toMatchObject({ productId: 'core', recordCountExact: true });
    expect(refusal(await nagaya.request('GET', `${TEA}/history?limit=0`, asTea()))).toEqual([400, 'validation_failed', '/query/limit']);
  });

  test('is shown with its product, and so are the alerts that follow from it', async () => {
    await nagaya.service.app.get(AlertEvaluator, { strict: false }).evaluate();
    const { body } = await nagaya.request('GET', '/v1/products/tea_house', operator());
    expect(body).toMatchObject({ health: { recordCount: 3, recordCountExact: true, status: 'warning' }, alerts: [{ ruleId: 'record-count-low', severity: 'warning', state: 'pending', message: '3 records, fewer than 100.' }] });
    const { items } = (await nagaya.request('GET', '/v1/products', operator())).body as { items: { id: string; alerts: object[] }[] };
    expect(items.find(({ id }) => id === 'tea_house')?.alerts).toEqual(body['alerts']);
  });

  test('is what Prometheus reads', async () => {
    const answer = await fetch(`${nagaya.service.url}/metrics`);
    const text = await answer.text();
    expect(text).toMatch(/^nagaya_schema_records\{product="tea_house",exact="true"\} 3$/m);
    expect(text).toMatch(/^nagaya_schema_tables\{product="tea_house"\} 1$/m);
    for (const name of ['nagaya_schema_size_bytes', 'nagaya_schema_last_activity_timestamp_seconds', 'nagaya_migrations_pending']) expect(text).toMatch(new RegExp(`^${name}\\{product="tea_house"\\} \\d`, 'm'));
  });
});
