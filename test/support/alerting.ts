import { AlertEvaluator } from '../../src/alerts/evaluation/alert-evaluator.js';
import { Outbox } from '../../src/alerts/notifications/outbox.js';
import type { Observation } from '../../src/alerts/rules/alert-rule.js';
import { AlertRules } from '../../src/alerts/rules/alert-rules.js';
import type { AlertSettings } from '../../src/config/alert-settings.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { startReceiver, type Received, type Receiver } from './receiver.js';
import { startTestService, type TestService } from './service.js';

/** The one rule that is looked at: what it sees is what the test says. */
export const RULE = 'pot-cold';

/** A service whose alerts the test makes, and a receiver of what it tells. It looks and delivers when the test wants it to, and nobody else does. */
export interface Alerting {
  readonly nagaya: TestService;
  readonly receiver: Receiver;
  query<Row extends object>(sql: string, values?: unknown[]): Promise<Row[]>;
  /** One look at all rules, of which the one sees this, or fails so. */
  look(seen: readonly Observation[] | Error): Promise<void>;
  /** Looks again at what was seen last. */
  lookAgain(): Promise<void>;
  /** Seen, held for long enough, and written into the outbox. */
  fire(seen: readonly Observation[]): Promise<void>;
  deliver(): Promise<void>;
  /** As if so much time had passed for the alerts, the checks having gone on: the database's clock decides, so its rows are moved. */
  letPass(seconds: number): Promise<void>;
  received(path: string): Received[];
  /** Forgets all alerts and what was told of them. */
  reset(): Promise<void>;
  stop(): Promise<void>;
}

/** @param targetsOf the settings, by the receiver's URL */
export async function startAlerting(targetsOf: (url: string) => Partial<AlertSettings>): Promise<Alerting> {
  const receiver = await startReceiver();
  const nagaya = await startTestService({ alertAllowedNetworks: ['127.0.0.1/32'], ...targetsOf(receiver.url) });
  const part = <T>(type: new (...given: never[]) => T): T => nagaya.service.app.get<T>(type, { strict: false });
  await part(JobRunner).beforeApplicationShutdown();
  for (const { id } of part(AlertRules).all()) {
    await nagaya.request('PUT', `/v1/alert-rules/${id}`, { key: nagaya.keys.operator, body: { enabled: false } });
  }
  let sees: readonly Observation[] | Error = [];
  part(AlertRules).add({
    id: RULE,
    title: 'Cold pot',
    severity: 'critical',
    forSeconds: 300,
    repeatSeconds: 3_600,
    threshold: { unit: 'count', default: 60 },
    evaluate: () => (sees instanceof Error ? Promise.reject(sees) : Promise.resolve(sees)),
  });
  const query: Alerting['query'] = (sql, values = []) => nagaya.service.databases.control.query(sql, values);
  const lookAgain = () => part(AlertEvaluator).evaluate();
  const look: Alerting['look'] = (seen) => {
    sees = seen;
    return lookAgain();
  };
  const letPass: Alerting['letPass'] = async (seconds) => {
    await query(
      `UPDATE monitoring.alerts SET started_at = started_at - make_interval(secs => $1), fired_at = fired_at - make_interval(secs => $1),
              notified_at = notified_at - make_interval(secs => $1), pushed_at = pushed_at - make_interval(secs => $1)`,
      [seconds],
    );
  };
  return {
    nagaya,
    receiver,
    query,
    look,
    lookAgain,
    letPass,
    fire: async (seen) => {
      await look(seen);
      await letPass(301);
      await look(seen);
    },
    deliver: () => part(Outbox).deliver(new AbortController().signal),
    received: (path) => receiver.received.filter((each) => each.path === path),
    reset: async () => {
      sees = [];
      for (const table of ['alerts', 'alert_notifications', 'silences']) await query(`DELETE FROM monitoring.${table}`);
      receiver.received.length = 0;
      receiver.answer = 200;
      delete receiver.location;
    },
    stop: async () => {
      await nagaya.stop();
      await receiver.close();
    },
  };
}

export const cold = (over: Partial<Observation> = {}): Observation => ({ productId: 'tea_house', state: 'breached', value: 20, message: '20 degrees, below 60.', ...over });
export const warm = (over: Partial<Observation> = {}): Observation => cold({ state: 'ok', message: '80 degrees.', ...over });
