import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Observation, RuleContext } from '../../alerts/rules/alert-rule.js';
import { AlertRules } from '../../alerts/rules/alert-rules.js';
import { readable } from '../../alerts/rules/readable.js';
import { Databases } from '../../database/databases.js';
import { Metrics } from '../../metrics/metrics.js';

interface SilentWorker {
  productId: string;
  workerId: string;
  seconds: number;
  intervalSeconds: number;
}

/** Whoever has been silent for so long was taken down on purpose, and nobody has said so. */
const FORGOTTEN_DAYS = 7;

/** Workers that have fallen silent: an alert for each, and what Prometheus knows of all. */
@Injectable()
export class DeadWorkers implements OnModuleInit {
  constructor(
    private readonly databases: Databases,
    private readonly rules: AlertRules,
    metrics: Metrics,
  ) {
    metrics.addFigures<{ productId: string; workerId: string; at: number }>({
      read: () =>
        databases.control.query(`SELECT product_id AS "productId", worker_id AS "workerId", extract(epoch FROM last_heartbeat)::float8 AS at FROM monitoring.worker_status
                                  WHERE last_heartbeat > clock_timestamp() - make_interval(days => $1)`, [FORGOTTEN_DAYS]),
      gauges: [
        {
          name: 'nagaya_worker_last_heartbeat_timestamp_seconds',
          help: 'When a worker was last heard of; left out after a week of silence.',
          labels: ['product', 'worker'],
          of: ({ productId, workerId, at }) => ({ labels: { product: productId, worker: workerId }, value: at }),
        },
      ],
    });
  }

  onModuleInit(): void {
    this.rules.add({ id: 'worker-dead', title: 'Dead worker', severity: 'warning', forSeconds: 30, evaluate: (_now, context) => this.look(context) });
  }

  /** Silence counts from when the database was there to be written to, and the checks to see it. */
  private async look({ steadySince }: RuleContext): Promise<Observation[]> {
    const rows = await this.databases.control.query<SilentWorker>(
      `SELECT product_id AS "productId", worker_id AS "workerId", interval_seconds AS "intervalSeconds",
              extract(epoch FROM clock_timestamp() - last_heartbeat)::float8 AS seconds
         FROM monitoring.worker_status
        WHERE last_heartbeat > clock_timestamp() - make_interval(days => $1)
          AND greatest(last_heartbeat, $2, pg_postmaster_start_time()) + make_interval(secs => 3 * interval_seconds) < clock_timestamp()`,
      [FORGOTTEN_DAYS, steadySince],
    );
    return rows.map(({ productId, workerId, seconds, intervalSeconds }) => ({
      productId,
      subject: workerId,
      state: 'breached',
      value: seconds,
      message: `The worker ${workerId} has been silent for ${readable(seconds, 'seconds')}; it means to report every ${readable(intervalSeconds, 'seconds')}.`,
    }));
  }
}
