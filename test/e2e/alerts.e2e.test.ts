import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AlertEvaluator } from '../../src/alerts/evaluation/alert-evaluator.js';
import { Outbox } from '../../src/alerts/notifications/outbox.js';
import type { Observation } from '../../src/alerts/rules/alert-rule.js';
import { AlertRules } from '../../src/alerts/rules/alert-rules.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { refusal } from '../support/problem.js';
import { startReceiver, type Receiver } from '../support/receiver.js';
import { startTestService, type TestService } from '../support/service.js';

const SECRET = 'a secret that is only good for tests, and long enough';
const RULE = 'pot-cold';

let nagaya: TestService;
let receiver: Receiver;
/** What the rule of this test sees next, or how it fails. */
let sees: Observation[] | Error = [];

beforeAll(async () => {
  receiver = await startReceiver();
  nagaya = await startTestService({
    alertWebhookUrl: `${receiver.url}/hook`,
    alertWebhookSecret: SECRET,
    alertmanagerUrl: `${receiver.url}/am/`,
    alertAllowedNetworks: ['127.0.0.1/32'],
  });
  // The test looks when it wants to, and nobody else does.
  await nagaya.service.app.get(JobRunner, { strict: false }).beforeApplicationShutdown();
  const rules = nagaya.service.app.get(AlertRules, { strict: false });
  for (const { id } of rules.all()) await ask('PUT', `/v1/alert-rules/${id}`, { enabled: false });
  rules.add({
    id: RULE,
    title: 'Cold pot',
    severity: 'critical',
    forSeconds: 300,
    repeatSeconds: 3_600,
    threshold: { unit: 'count', default: 60 },
    evaluate: () => (sees instanceof Error ? Promise.reject(sees) : Promise.resolve(sees)),
  });
});
afterAll(async () => {
  await nagaya.stop();
  await receiver.close();
});
beforeEach(async () => {
  sees = [];
  await query('DELETE FROM monitoring.alerts', []);
  await query('DELETE FROM monitoring.alert_notifications', []);
  await query('DELETE FROM monitoring.silences', []);
  receiver.received.length = 0;
  receiver.answer = 200;
});

const query = <Row extends object>(sql: string, values: unknown[] = []) => nagaya.service.databases.control.query<Row>(sql, values);
const cold = (over: Partial<Observation> = {}): Observation => ({ productId: 'tea_house', state: 'breached', value: 20, message: '20 degrees, below 60.', ...over });
const warm = (over: Partial<Observation> = {}): Observation => cold({ state: 'ok', message: '80 degrees.', ...over });
const look = async (seen: Observation[] | Error): Promise<void> => {
  sees = seen;
  await nagaya.service.app.get(AlertEvaluator, { strict: false }).evaluate();
};
const deliver = () => nagaya.service.app.get(Outbox, { strict: false }).deliver(new AbortController().signal);

/** As if so much time had passed for the alerts, the checks having gone on: the database's clock decides, so its rows are moved. */
async function letPass(seconds: number): Promise<void> {
  await query(`UPDATE monitoring.alerts SET started_at = started_at - make_interval(secs => $1), fired_at = fired_at - make_interval(secs => $1),
                      notified_at = notified_at - make_interval(secs => $1), pushed_at = pushed_at - make_interval(secs => $1)`, [seconds]);
}

interface Shown {
  id: string;
  state: string;
  condition: string;
  subject: string;
  acknowledgedBy: string | null;
}
const ask = (method: string, path: string, body?: object) => nagaya.request(method, path, { key: nagaya.keys.operator, ...(body && { body }) });
const alerts = async (): Promise<Shown[]> => (await ask('GET', `/v1/alerts?ruleId=${RULE}`)).body.items;
const states = async (): Promise<string[]> => (await alerts()).map(({ state, condition }) => `${state} ${condition}`);
const hooks = () => receiver.received.filter(({ path }) => path === '/hook');
const pushes = () => receiver.received.filter(({ path }) => path === '/am/api/v2/alerts');

/** Seen, held for long enough, and told. */
async function fire(seen = [cold()]): Promise<void> {
  await look(seen);
  await letPass(301);
  await look(seen);
}

describe('an alert', () => {
  test('is pending, fires when it has held, is told once, and says when it is over', async () => {
    await look([cold()]);
    expect(await states()).toEqual(['pending breached']);
    await deliver();
    expect(receiver.received).toEqual([]);
    await letPass(301);
    await look([cold()]);
    await look([cold()]);
    expect(await states()).toEqual(['firing breached']);
    await deliver();
    await deliver();
    expect(hooks()).toHaveLength(1);
    await look([warm()]);
    expect(await states()).toEqual(['resolved breached']);
    await deliver();
    expect(hooks().map(({ body }) => (JSON.parse(body) as { status: string }).status)).toEqual(['firing', 'resolved']);
    const events = await query<{ type: string; product: string }>(`SELECT event_type AS type, product_id AS product FROM core.monitoring_events WHERE event_data ->> 'ruleId' = $1 ORDER BY timestamp`, [RULE]);
    expect(events.slice(-2)).toEqual([{ type: 'alert.firing', product: 'tea_house' }, { type: 'alert.resolved', product: 'tea_house' }]);
  });

  test('that did not last was none', async () => {
    await look([cold()]);
    await look([warm()]);
    expect(await states()).toEqual([]);
  });

  test('is told again at each repeat, and no more once somebody has taken it on', async () => {
    await fire();
    await letPass(3_601);
    await look([cold()]);
    await deliver();
    expect(hooks()).toHaveLength(2);
    const [alert] = await alerts();
    const taken = await ask('POST', `/v1/alerts/${alert?.id}/acknowledge`, { note: 'On it.' });
    expect(taken).toMatchObject({ status: 200, body: { acknowledgedBy: 'test', acknowledgement: 'On it.' } });
    await letPass(3_601);
    await look([cold()]);
    await look([warm()]);
    await deliver();
    expect(hooks()).toHaveLength(3);
    expect(refusal(await ask('POST', `/v1/alerts/${(await alerts())[0]?.id}/acknowledge`, {}))).toEqual([200, undefined]);
  });

  test('that is silenced is kept and not told until the silence ends', async () => {
    const made = await ask('POST', '/v1/silences', { productId: 'tea_house', ruleId: RULE, endsAt: '2099-01-01T00:00:00Z' });
    expect(made).toMatchObject({ status: 201, body: { createdBy: 'test', productId: 'tea_house' } });
    await fire();
    await deliver();
    expect(await states()).toEqual(['firing breached']);
    expect(receiver.received).toEqual([]);
    expect((await ask('DELETE', `/v1/silences/${made.body['id']}`)).status).toBe(204);
    await look([cold()]);
    await deliver();
    expect(hooks()).toHaveLength(1);
    for (const [body, pointer] of [[{ endsAt: '2000-01-01T00:00:00Z' }, '/endsAt'], [{ endsAt: '2099-01-01T00:00:00Z', ruleId: 'none' }, '/ruleId'], [{ endsAt: '2099-01-01T00:00:00Z', productId: 'none' }, '/productId']] as const) {
      expect(refusal(await ask('POST', '/v1/silences', body))).toEqual([400, 'validation_failed', pointer]);
    }
  });

  test('keeps nothing seen and a failing rule apart from all being well', async () => {
    await fire();
    await look([cold({ state: 'no_data', message: 'No thermometer.' })]);
    expect(await states()).toEqual(['firing breached']);
    await look(new Error('the thermometer fell'));
    expect((await states()).sort()).toEqual(['firing breached', 'pending error']);
    await look([warm()]);
    expect(await states()).toEqual(['resolved breached']);
    await look([cold({ state: 'no_data' })]);
    expect((await states()).sort()).toEqual(['pending no_data', 'resolved breached']);
  });

  test('of a suspended product rests', async () => {
    await fire();
    await ask('POST', '/v1/products/tea_house/suspend');
    try {
      await letPass(3_601);
      await look([cold(), cold({ subject: 'second pot' })]);
      await deliver();
      expect(await states()).toEqual(['firing breached']);
      expect(hooks()).toHaveLength(1);
    } finally {
      await ask('POST', '/v1/products/tea_house/resume');
    }
  });

  test('waits anew after a time in which nobody looked: the database may have been down', async () => {
    await look([cold()]);
    await letPass(3_600);
    await query(`UPDATE monitoring.alert_evaluations SET evaluated_at = evaluated_at - interval '1 hour', steady_since = steady_since - interval '2 hours'`);
    await query(`UPDATE monitoring.alerts SET evaluated_at = evaluated_at - interval '1 hour'`);
    await look([cold()]);
    expect(await states()).toEqual(['pending breached']);
  });

  test('comes once of any number of looks at the same time, and old news change nothing', async () => {
    await look([cold()]);
    await letPass(301);
    sees = [cold()];
    const evaluator = nagaya.service.app.get(AlertEvaluator, { strict: false });
    await Promise.all(Array.from({ length: 5 }, () => evaluator.evaluate()));
    await deliver();
    expect(hooks()).toHaveLength(1);
    expect(pushes()).toHaveLength(1);
    await query(`UPDATE monitoring.alert_evaluations SET evaluated_at = clock_timestamp() + interval '1 hour' WHERE rule_id = $1`, [RULE]);
    await look([warm()]);
    expect(await states()).toEqual(['firing breached']);
    await query(`UPDATE monitoring.alert_evaluations SET evaluated_at = clock_timestamp() - interval '10 seconds'`);
  });
});

describe('a rule', () => {
  test('is set for a product at run time, and for all, and taken back', async () => {
    const path = `/v1/products/tea_house/alert-rules/${RULE}`;
    expect(await ask('PUT', path, { forSeconds: 0, severity: 'warning', threshold: 70 })).toMatchObject({ status: 200, body: { forSeconds: 0, severity: 'warning', threshold: 70, source: 'product', unit: 'count' } });
    await look([cold()]);
    await look([cold()]);
    expect((await alerts())[0]).toMatchObject({ state: 'firing', severity: 'warning' });
    expect(await ask('PUT', path, { enabled: false })).toMatchObject({ body: { enabled: false, severity: 'critical' } });
    await look([cold()]);
    expect(await states()).toEqual(['resolved breached']);
    expect((await ask('DELETE', path)).status).toBe(204);
    expect((await ask('DELETE', path)).status).toBe(404);
    expect(await ask('PUT', `/v1/alert-rules/${RULE}`, { threshold: 10 })).toMatchObject({ body: { threshold: 10, source: 'all', productId: null } });
    expect((await ask('DELETE', `/v1/alert-rules/${RULE}`)).status).toBe(204);
    expect(refusal(await ask('PUT', path, {}))).toEqual([400, 'validation_failed', '']);
    expect(refusal(await ask('PUT', '/v1/products/tea_house/alert-rules/index-invalid', { threshold: 1 }))).toEqual([400, 'validation_failed', '/threshold']);
    expect((await ask('PUT', '/v1/products/nobody/alert-rules/index-invalid', { enabled: false })).status).toBe(404);
    const { items } = (await ask('GET', '/v1/products/tea_house/alert-rules')).body as { items: { ruleId: string }[] };
    expect(items).toEqual(expect.arrayContaining([expect.objectContaining({ ruleId: 'record-count-low', threshold: 100, source: 'all' }), expect.objectContaining({ ruleId: 'schema-size-high', threshold: 10_000_000, unit: 'bytes' })]));
    expect((await nagaya.request('GET', '/v1/products/coding_rule2/alert-rules')).status).toBe(404);
  });
});

describe('a notification', () => {
  test('has the form of Alertmanager and a signature over time and body', async () => {
    await fire([cold(), cold({ subject: 'second pot' })]);
    await deliver();
    const [hook] = hooks();
    const message = JSON.parse(hook?.body ?? '{}') as { version: string; status: string; commonLabels: object; alerts: { labels: object; endsAt: string }[] };
    expect(message).toMatchObject({ version: '4', status: 'firing', receiver: 'nagaya', commonLabels: { alertname: RULE, product: 'tea_house', severity: 'critical' } });
    expect(message.alerts).toHaveLength(2);
    expect(message.alerts[0]).toMatchObject({ status: 'firing', endsAt: '0001-01-01T00:00:00Z', annotations: { summary: 'Cold pot: tea_house', description: '20 degrees, below 60.' } });
    const [, time, mac] = /^t=(\d+),v1=([0-9a-f]{64})$/.exec(String(hook?.headers['x-nagaya-signature'])) ?? [];
    expect(mac).toBe(createHmac('sha256', SECRET).update(`${time}.${hook?.body}`).digest('hex'));
    expect(JSON.parse(pushes()[0]?.body ?? '[]')).toMatchObject([{ labels: { alertname: RULE, product: 'tea_house' } }, { labels: { subject: 'second pot' } }]);
  });

  test('is sent until it was taken, under the same key, and in order', async () => {
    receiver.answer = 500;
    await fire();
    await deliver();
    await look([warm()]);
    await deliver();
    // Not due yet: back-off.
    expect(hooks()).toHaveLength(1);
    receiver.answer = 204;
    await query(`UPDATE monitoring.alert_notifications SET next_attempt_at = clock_timestamp()`);
    await deliver();
    expect(hooks().map(({ body }) => (JSON.parse(body) as { status: string }).status)).toEqual(['firing', 'firing', 'resolved']);
    expect(hooks()[1]?.headers['idempotency-key']).toBe(hooks()[0]?.headers['idempotency-key']);
    const rows = await query<{ open: number }>('SELECT count(*)::int AS open FROM monitoring.alert_notifications WHERE delivered_at IS NULL');
    expect(rows).toEqual([{ open: 0 }]);
  });

  test('is not sent on to where a redirect leads', async () => {
    receiver.answer = 307;
    receiver.location = `${receiver.url}/elsewhere`;
    await fire();
    await deliver();
    delete receiver.location;
    expect(receiver.received.some(({ path }) => path === '/elsewhere')).toBe(false);
    const [row] = await query<{ error: string }>(`SELECT last_error AS error FROM monitoring.alert_notifications WHERE target = 'webhook'`);
    expect(row?.error).toContain('redirects are not followed');
  });
});
