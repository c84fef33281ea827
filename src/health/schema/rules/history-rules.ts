import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Observation, RuleContext } from '../../../alerts/rules/alert-rule.js';
import { AlertRules } from '../../../alerts/rules/alert-rules.js';
import { readable } from '../../../alerts/rules/readable.js';
import { Databases } from '../../../database/databases.js';
import { STALE_SECONDS } from './figure-rule.js';

interface Loss {
  productId: string;
  now: number;
  most: number;
}

interface Growth {
  productId: string;
  grown: number;
  usual: number;
  samples: number;
}

/** Fewer rows than this come and go in any product. */
const LEAST_LOST_ROWS = 1_000;
const LEAST_GROWN_ROWS = 10_000;
/** Checks before which nobody knows what is usual. */
const LEAST_CHECKS = 3;
const LEAST_HOURS = 24;

/**
 * Against the most that it held within a day. Counted and estimated rows are not compared with each other: an estimate
 * may be off by more than what was lost.
 */
const LOSSES_SQL = `
  SELECT a.product_id AS "productId", n.record_count::float8 AS now, m.most
    FROM monitoring.schema_activity a
    JOIN core.products p ON p.id = a.product_id
   CROSS JOIN LATERAL (SELECT record_count, record_count_exact, checked_at FROM monitoring.schema_health h
                        WHERE h.product_id = a.product_id ORDER BY checked_at DESC LIMIT 1) n
   CROSS JOIN LATERAL (SELECT max(h.record_count)::float8 AS most, count(*) AS checks FROM monitoring.schema_health h
                        WHERE h.product_id = a.product_id AND h.checked_at > n.checked_at - interval '24 hours'
                          AND h.record_count_exact = n.record_count_exact) m
   WHERE m.checks >= $1 AND m.most - n.record_count >= $2`;

/** The last hour against the median hour of a week, for the few products that have grown by much at all. */
const GROWTH_SQL = `
  SELECT a.product_id AS "productId", n.record_count - b.record_count::float8 AS grown, u.usual, u.samples::int
    FROM monitoring.schema_activity a
    JOIN core.products p ON p.id = a.product_id
   CROSS JOIN LATERAL (SELECT record_count::float8, record_count_exact, checked_at FROM monitoring.schema_health h
                        WHERE h.product_id = a.product_id ORDER BY checked_at DESC LIMIT 1) n
   CROSS JOIN LATERAL (SELECT record_count FROM monitoring.schema_health h
                        WHERE h.product_id = a.product_id AND h.checked_at <= n.checked_at - interval '1 hour' AND h.checked_at > n.checked_at - interval '3 hours'
                          AND h.record_count_exact = n.record_count_exact ORDER BY checked_at DESC LIMIT 1) b
   CROSS JOIN LATERAL (
         SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY grown) AS usual, count(*) AS samples
           FROM (SELECT greatest(record_count - lag(record_count) OVER (ORDER BY checked_at), 0)::float8 AS grown FROM monitoring.schema_health h
                  WHERE h.product_id = a.product_id AND h.hourly AND h.checked_at > n.checked_at - interval '7 days'
                    AND h.record_count_exact = n.record_count_exact) hours
          WHERE grown IS NOT NULL) u
   WHERE n.record_count - b.record_count >= $1`;

/** Rules that hold a product to its own recent history, and the one that asks whether there is any. */
@Injectable()
export class HistoryRules implements OnModuleInit {
  constructor(
    private readonly databases: Databases,
    private readonly rules: AlertRules,
  ) {}

  onModuleInit(): void {
    const since = { severity: 'warning', forSeconds: 300 } as const;
    this.rules.add({ ...since, id: 'records-lost', title: 'Sudden loss of records', threshold: { unit: 'percent', default: 50 }, evaluate: (_now, context) => this.losses(context) });
    this.rules.add({ ...since, id: 'records-growing', title: 'Unusual growth', threshold: { unit: 'count', default: 10 }, evaluate: (_now, context) => this.growth(context) });
    this.rules.add({ id: 'checks-not-running', title: 'Schemas are not checked', severity: 'critical', forSeconds: 60, evaluate: (now) => this.checks(now) });
  }

  private async losses(context: RuleContext): Promise<Observation[]> {
    const rows = await this.databases.control.query<Loss>(LOSSES_SQL, [LEAST_CHECKS, LEAST_LOST_ROWS]);
    return rows.flatMap(({ productId, now, most }) => {
      const { threshold } = context.settingsOf(productId);
      const lost = (100 * (most - now)) / most;
      if (threshold === null || lost < threshold) return [];
      const message = `${readable(most - now, 'rows')} of ${readable(most, 'rows')} records are gone within a day (${readable(lost, 'percent')}).`;
      return [{ productId, state: 'breached', value: lost, message }];
    });
  }

  private async growth(context: RuleContext): Promise<Observation[]> {
    const rows = await this.databases.control.query<Growth>(GROWTH_SQL, [LEAST_GROWN_ROWS]);
    return rows.flatMap(({ productId, grown, usual, samples }) => {
      const { threshold } = context.settingsOf(productId);
      const times = grown / Math.max(usual, 1);
      if (threshold === null || samples < LEAST_HOURS || times < threshold) return [];
      const message = `${readable(grown, 'rows')} records came within an hour; ${readable(usual, 'rows')} are usual for it.`;
      return [{ productId, state: 'breached', value: times, message }];
    });
  }

  private async checks(now: Date): Promise<Observation[]> {
    const [row] = await this.databases.control.query<{ at: Date | null }>('SELECT max(seen_at) AS at FROM monitoring.schema_activity');
    const at = row?.at ?? null;
    if (at === null) return [{ productId: null, state: 'no_data', message: 'No schema has been looked at yet.' }];
    const seconds = (now.getTime() - at.getTime()) / 1_000;
    const message = `Schemas were last looked at ${readable(Math.max(seconds, 0), 'seconds')} ago.`;
    return [{ productId: null, state: seconds > STALE_SECONDS ? 'breached' : 'ok', value: seconds, message }];
  }
}
