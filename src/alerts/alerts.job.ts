import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import { JobRunner } from '../jobs/job-runner.js';
import { AlertEvaluator } from './evaluation/alert-evaluator.js';
import { Outbox } from './notifications/outbox.js';

/** Told alerts of a year ago, and deliveries of a month ago, help nobody any more. */
const ALERTS_KEPT_DAYS = 365;
const NOTIFICATIONS_KEPT_DAYS = 30;

/** The rules are looked at four times a minute and what follows is told within seconds, by one of all processes. */
@Injectable()
export class AlertsJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly evaluator: AlertEvaluator,
    private readonly outbox: Outbox,
    private readonly databases: Databases,
  ) {}

  onModuleInit(): void {
    this.runner.add({ name: 'monitoring.alerts', everySeconds: 15, leaseSeconds: 60, run: (signal) => this.evaluator.evaluate(signal) });
    this.runner.add({ name: 'monitoring.alert-notifications', everySeconds: 5, leaseSeconds: 60, run: (signal) => this.outbox.deliver(signal) });
    this.runner.add({ name: 'monitoring.alert-history', everySeconds: 86_400, leaseSeconds: 120, run: () => this.forget() });
  }

  private async forget(): Promise<void> {
    const { control } = this.databases;
    await control.query(`DELETE FROM monitoring.alerts WHERE state = 'resolved' AND started_at < clock_timestamp() - make_interval(days => $1)`, [ALERTS_KEPT_DAYS]);
    await control.query(
      `DELETE FROM monitoring.alert_notifications
        WHERE created_at < clock_timestamp() - make_interval(days => $1) AND (delivered_at IS NOT NULL OR abandoned_at IS NOT NULL)`,
      [NOTIFICATIONS_KEPT_DAYS],
    );
    await control.query(`DELETE FROM monitoring.silences WHERE ends_at < clock_timestamp() - make_interval(days => $1)`, [ALERTS_KEPT_DAYS]);
  }
}
