import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import { Metrics } from '../metrics/metrics.js';

interface OpenAlerts {
  productId: string | null;
  ruleId: string;
  severity: string;
  state: string;
  count: number;
}

interface Delivery {
  target: string;
  waiting: number;
  oldestSeconds: number;
}

/** The alerts for Prometheus, which can watch over the watcher: a look that is long ago means that nobody looks. */
@Injectable()
export class AlertFigures {
  constructor(metrics: Metrics, databases: Databases) {
    metrics.addFigures<OpenAlerts>({
      read: () =>
        databases.control.query<OpenAlerts>(
          `SELECT product_id AS "productId", rule_id AS "ruleId", severity, state, count(*)::int AS count
             FROM monitoring.alerts WHERE state <> 'resolved' GROUP BY product_id, rule_id, severity, state`,
        ),
      gauges: [
        {
          name: 'nagaya_alerts',
          help: 'Alerts that are open.',
          labels: ['product', 'rule', 'severity', 'state'],
          of: ({ productId, ruleId, severity, state, count }) => ({ labels: { product: productId ?? '', rule: ruleId, severity, state }, value: count }),
        },
      ],
    });
    metrics.addFigures<{ at: number }>({
      read: () => databases.control.query<{ at: number }>(`SELECT extract(epoch FROM max(evaluated_at))::float8 AS at FROM monitoring.alert_evaluations HAVING count(*) > 0`),
      gauges: [{ name: 'nagaya_alerts_evaluated_timestamp_seconds', help: 'When the alert rules were last looked at.', labels: [], of: ({ at }) => ({ labels: {}, value: at }) }],
    });
    metrics.addFigures<Delivery>({
      read: () =>
        databases.control.query<Delivery>(
          `SELECT target, count(*)::int AS waiting, extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS "oldestSeconds"
             FROM monitoring.alert_notifications WHERE delivered_at IS NULL AND abandoned_at IS NULL GROUP BY target`,
        ),
      gauges: [
        { name: 'nagaya_alert_notifications_waiting', help: 'Notifications that their target has not taken yet.', labels: ['target'], of: ({ target, waiting }) => ({ labels: { target }, value: waiting }) },
        { name: 'nagaya_alert_notifications_oldest_seconds', help: 'Age of the oldest of them.', labels: ['target'], of: ({ target, oldestSeconds }) => ({ labels: { target }, value: oldestSeconds }) },
      ],
    });
  }
}
