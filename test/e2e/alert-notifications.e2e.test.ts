import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { NotificationTargets } from '../../src/alerts/notifications/notification-targets.js';
import { cold, RULE, startAlerting, warm, type Alerting } from '../support/alerting.js';

let alerting: Alerting;
let settings: Parameters<NotificationTargets['use']>[0];
beforeAll(async () => {
  alerting = await startAlerting((url) => {
    settings = { alertWebhookUrl: `${url}/hook`, alertSlackUrl: `${url}/slack`, alertmanagerUrl: `${url}/am`, alertWebhookSecret: undefined, alertAllowedNetworks: ['127.0.0.1/32'] };
    return settings;
  });
});
afterAll(() => alerting.stop());
beforeEach(() => alerting.reset());

const targets = () => alerting.nagaya.service.app.get(NotificationTargets, { strict: false });
const statuses = () => alerting.received('/hook').map(({ body }) => (JSON.parse(body) as { status: string }).status);
const slack = () => alerting.received('/slack').map(({ body }) => JSON.parse(body) as { text: string });
const pushes = () => alerting.received('/am/api/v2/alerts').map(({ body }) => JSON.parse(body) as { labels: object; annotations: object; startsAt: string; endsAt: string }[]);
/** Seconds until each target's next attempt, and how many it has made. */
const attempts = (target: string) =>
  alerting.query<{ attempts: number; pause: number; error: string }>(
    `SELECT attempts, (round(extract(epoch FROM next_attempt_at - clock_timestamp()) / 5) * 5)::int AS pause, last_error AS error FROM monitoring.alert_notifications WHERE target = $1 AND delivered_at IS NULL ORDER BY created_at, id`,
    [target],
  );
const makeDue = () => alerting.query('UPDATE monitoring.alert_notifications SET next_attempt_at = clock_timestamp() WHERE delivered_at IS NULL');

describe('what each kind of target is sent', () => {
  test('a Slack-compatible webhook: text, one paragraph an alert, "still" where it is a repeat, and nothing that Slack would act on', async () => {
    await alerting.fire([cold({ subject: '<!channel> & co', message: 'Too <cold>.' }), cold({ productId: null, subject: '' })]);
    await alerting.deliver();
    expect(slack()).toEqual([{ text: 'Nagaya: 2 firing\n*CRITICAL* Cold pot: tea_house &lt;!channel&gt; &amp; co\nToo &lt;cold&gt;.\n*CRITICAL* Cold pot\n20 degrees, below 60.' }]);
    expect(alerting.received('/slack')[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'user-agent': 'nagaya' });
    await alerting.letPass(3_601);
    await alerting.look([cold({ subject: '<!channel> & co', message: 'Too <cold>.' }), warm({ productId: null, subject: '' })]);
    await alerting.deliver();
    expect(slack()[1]).toEqual({ text: 'Nagaya: 1 firing, 1 resolved\n*CRITICAL (still)* Cold pot: tea_house &lt;!channel&gt; &amp; co\nToo &lt;cold&gt;.\n*RESOLVED* Cold pot\n80 degrees.' });
  });

  test('Alertmanager: labels, annotations, good for a quarter of an hour, said again every five minutes, and its end', async () => {
    const until = ({ endsAt }: { endsAt: string }) => Math.round((Date.parse(endsAt) - Date.now()) / 60_000);
    await alerting.fire([cold()]);
    await alerting.deliver();
    await alerting.look([cold()]);
    await alerting.deliver();
    const labels = { alertname: RULE, severity: 'critical', service: 'nagaya', condition: 'breached', product: 'tea_house' };
    expect(pushes()).toEqual([[{ labels, annotations: { summary: 'Cold pot: tea_house', description: '20 degrees, below 60.' }, startsAt: expect.any(String), endsAt: expect.any(String) }]]);
    expect(pushes()[0]?.map(until)).toEqual([15]);
    await alerting.letPass(301);
    await alerting.look([cold()]);
    await alerting.deliver();
    expect(pushes()).toHaveLength(2);
    await alerting.look([warm()]);
    await alerting.deliver();
    expect(pushes()[2]).toMatchObject([{ labels, annotations: { description: '80 degrees.' } }]);
    expect(pushes()[2]?.map(until).map(Math.abs)).toEqual([0]);
  });
});

describe('a target that does not take it', () => {
  test('is tried again under the same key, in order, ever more seldom; the others are told meanwhile', async () => {
    targets().use({ ...settings, alertSlackUrl: 'http://127.0.0.1:9/nobody' });
    try {
      await alerting.fire([cold()]);
      await alerting.deliver();
      await alerting.look([warm()]);
      await alerting.deliver();
      expect(statuses()).toEqual(['firing', 'resolved']);
      expect(await attempts('slack')).toMatchObject([{ attempts: 1, pause: 5, error: expect.stringContaining("127.0.0.1:9 can't be reached") }, { attempts: 0, error: null }]);
      for (const pause of [10, 20, 40, 80, 160, 300, 300]) {
        await makeDue();
        await alerting.deliver();
        expect((await attempts('slack')).find((row) => row.attempts > 0)?.pause).toBe(pause);
      }
    } finally {
      targets().use(settings);
    }
    await makeDue();
    await alerting.deliver();
    expect(slack().map(({ text }) => text.split('\n')[0])).toEqual(['Nagaya: 1 firing', 'Nagaya: 1 resolved']);
  });

  test.each([
    [500, /answered 500\./],
    [404, /answered 404\./],
    [307, /answered 307, and redirects are not followed/],
  ])('answers %i: it is not done, says why, and is sent nowhere else', async (answer, why) => {
    alerting.receiver.answer = answer;
    alerting.receiver.location = `${alerting.receiver.url}/elsewhere`;
    await alerting.fire([cold()]);
    await alerting.deliver();
    const [first] = alerting.received('/hook');
    expect((await attempts('webhook'))[0]).toMatchObject({ attempts: 1, error: expect.stringMatching(why) });
    expect(alerting.received('/elsewhere')).toEqual([]);
    // Not due yet.
    await alerting.deliver();
    expect(alerting.received('/hook')).toHaveLength(1);
    alerting.receiver.answer = 204;
    await makeDue();
    await alerting.deliver();
    expect(alerting.received('/hook').map(({ headers, body }) => [headers['idempotency-key'], body])).toEqual([1, 2].map(() => [first?.headers['idempotency-key'], first?.body]));
    expect(await attempts('webhook')).toEqual([]);
  });

  test('for a day is given up, and what comes after is told', async () => {
    alerting.receiver.answer = 503;
    await alerting.fire([cold()]);
    await alerting.deliver();
    await alerting.query(`UPDATE monitoring.alert_notifications SET created_at = created_at - interval '25 hours'`);
    alerting.receiver.answer = 200;
    await alerting.deliver();
    await alerting.look([warm()]);
    await alerting.deliver();
    expect(statuses()).toEqual(['firing', 'resolved']);
    expect(await alerting.query(`SELECT count(*)::int AS n FROM monitoring.alert_notifications WHERE abandoned_at IS NOT NULL`)).toEqual([{ n: 3 }]);
  });
});

test('who looks without knowing whom to tell, as a shell does, loses nothing: the next one that knows tells it', async () => {
  const unknowing = async (look: () => Promise<void>): Promise<void> => {
    targets().use({ ...settings, alertWebhookUrl: undefined, alertSlackUrl: undefined, alertmanagerUrl: undefined });
    await look();
    targets().use(settings);
  };
  await unknowing(() => alerting.fire([cold()]));
  await alerting.lookAgain();
  await alerting.deliver();
  expect(statuses()).toEqual(['firing']);
  await unknowing(() => alerting.look([warm()]));
  await alerting.lookAgain();
  await alerting.deliver();
  await alerting.lookAgain();
  await alerting.deliver();
  expect(statuses()).toEqual(['firing', 'resolved']);
  expect(pushes()).toHaveLength(2);
});
