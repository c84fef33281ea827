import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import type { Observation, RuleContext } from './alert-rule.js';
import { AlertRules } from './alert-rules.js';
import { readable } from './readable.js';

/** A notification that has waited so long is stuck; back-off alone keeps none for more than five minutes. */
const STUCK_SECONDS = 900;

/** The rules that watch over the watching itself. */
@Injectable()
export class OwnRules implements OnModuleInit {
  constructor(
    private readonly rules: AlertRules,
    private readonly databases: Databases,
  ) {}

  onModuleInit(): void {
    this.rules.add({ id: 'job-failing', title: 'Scheduled work fails', severity: 'warning', forSeconds: 900, evaluate: () => this.failingJobs() });
    this.rules.add({ id: 'notifications-stuck', title: 'Notifications are not taken', severity: 'warning', forSeconds: 0, evaluate: (_now, context) => this.stuckNotifications(context) });
  }

  private async failingJobs(): Promise<Observation[]> {
    const rows = await this.databases.control.query<{ name: string; error: string }>('SELECT name, last_error AS error FROM core.jobs WHERE last_error IS NOT NULL');
    return rows.map(({ name, error }) => ({ productId: null, subject: name, state: 'breached', message: `The job ${name} fails: ${error.slice(0, 300)}` }));
  }

  /** Waiting counts from when somebody was there to deliver: after a time without the database, all that lay there is old and nothing is stuck. */
  private async stuckNotifications({ steadySince }: RuleContext): Promise<Observation[]> {
    const rows = await this.databases.control.query<{ target: string; waiting: number; seconds: number; error: string | null }>(
      `SELECT target, count(*)::int AS waiting, extract(epoch FROM clock_timestamp() - min(created_at))::float8 AS seconds, max(last_error) AS error
         FROM monitoring.alert_notifications WHERE delivered_at IS NULL AND abandoned_at IS NULL
        GROUP BY target HAVING greatest(min(created_at), $2) < clock_timestamp() - make_interval(secs => $1)`,
      [STUCK_SECONDS, steadySince],
    );
    return rows.map(({ target, waiting, seconds, error }) => ({
      productId: null,
      subject: target,
      state: 'breached',
      value: seconds,
      message: `${waiting} notification${waiting === 1 ? ' waits' : 's wait'} for ${target}, the oldest for ${readable(seconds, 'seconds')}${error === null ? '' : `: ${error}`}`,
    }));
  }
}
