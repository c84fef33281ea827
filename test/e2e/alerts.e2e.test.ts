import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { cold, RULE, startAlerting, warm, type Alerting } from '../support/alerting.js';
import { refusal } from '../support/problem.js';

const SECRET = 'a secret that is only good for tests, and long enough';

let alerting: Alerting;
beforeAll(async () => {
  alerting = await startAlerting((url) => ({ alertWebhookUrl: `${url}/hook`, alertWebhookSecret: SECRET, alertmanagerUrl: `${url}/am/` }));
});
afterAll(() => alerting.stop());
beforeEach(() => alerting.reset());

const query = <Row extends object>(sql: string, values: unknown[] = []) => alerting.query<Row>(sql, values);
const look: Alerting['look'] = (seen) => alerting.look(seen);
const letPass = (seconds: number) => alerting.letPass(seconds);
const deliver = () => alerting.deliver();
const fire = (seen = [cold()]) => alerting.fire(seen);

interface Shown {
  id: string;
  state: string;
  condition: string;
  subject: string;
  acknowledgedBy: string | null;
}
const ask = (method: string, path: string, body?: object) => alerting.nagaya.request(method, path, { key: alerting.nagaya.keys.operator, ...(body && { body }) });
const alerts = async (): Promise<Shown[]> => (await ask('GET', `/v1/alerts?ruleId=${RULE}`)).body.items;
const states = async (): Promise<string[]> => (await alerts()).map(({ state, condition }) => `${state} ${condition}`);
const hooks = () => alerting.received('/hook');
const pushes = () => alerting.received('/am/api/v2/alerts');

describe('an alert', () => {
  test('is pending, fires when it has held, is told once, and says when it is over', async () => {
    await look([cold()]);
    expect(await states()).toEqual(['pending breached']);
    await deliver();
    expect(alerting.receiver.received).toEqual([]);
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
    expect(alerting.receiver.received).toEqual([]);
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
    await Promise.all(Array.from({ length: 5 }, () => alerting.lookAgain()));
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
    expect((await alerting.nagaya.request('GET', '/v1/products/coding_rule2/alert-rules')).status).toBe(404);
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
});
