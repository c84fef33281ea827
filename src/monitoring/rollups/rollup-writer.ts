import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { DAYS_KEPT } from '../../database/partitions.js';
import { sketchKeySql } from './sketch.js';

/** After its end an hour waits for what was under way in it: no transaction of a request lives that long. */
const SETTLING_MINUTES = 5;
/** Rollups are small: a year and a month of them, for comparing with the year before. */
const ROLLUP_DAYS_KEPT = 400;

/** All hours of days without a measurement at once: a house that is new, or quiet, has hundreds of them. */
const EMPTY_DAYS_SQL = `
  INSERT INTO monitoring.metric_rolled_hours (hour)
  SELECT h FROM generate_series(
      date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => $1),
      date_trunc('hour', clock_timestamp() - make_interval(mins => $2), 'UTC') - interval '1 hour', interval '1 hour') h
   WHERE NOT EXISTS (SELECT FROM monitoring.metric_rolled_hours r WHERE r.hour = h)
     AND NOT EXISTS (SELECT FROM monitoring.performance_metrics m
                      WHERE m.timestamp >= date_trunc('day', h, 'UTC') AND m.timestamp < date_trunc('day', h, 'UTC') + interval '24 hours')
      ON CONFLICT (hour) DO NOTHING`;

/** Hours over and not rolled up, or with late rows. What has no measurements any more is not rolled up anew: it would be lost. */
const DUE_HOURS_SQL = `
  SELECT hour FROM (
    SELECT h AS hour FROM generate_series(
        date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => $1),
        date_trunc('hour', clock_timestamp() - make_interval(mins => $2), 'UTC') - interval '1 hour', interval '1 hour') h
     WHERE NOT EXISTS (SELECT FROM monitoring.metric_rolled_hours r WHERE r.hour = h)
    UNION
    SELECT DISTINCT l.hour FROM monitoring.metric_late_hours l
     WHERE l.hour >= date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => $1)
       AND l.hour < date_trunc('hour', clock_timestamp() - make_interval(mins => $2), 'UTC')) due
  ORDER BY hour DESC`;

const ROLL_UP_SQL = `
  INSERT INTO monitoring.metric_rollups (product_id, metric_type, hour, count, sum, min, max, p50, p95, p99, sketch_keys, sketch_counts)
  SELECT f.product_id, f.metric_type, $1, f.count, f.sum, f.min, f.max, f.p[1], f.p[2], f.p[3], s.keys, s.counts
    FROM (SELECT product_id, metric_type, count(*) AS count, sum(metric_value) AS sum, min(metric_value) AS min, max(metric_value) AS max,
                 percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY metric_value) AS p
            FROM monitoring.performance_metrics WHERE timestamp >= $1 AND timestamp < $1 + interval '1 hour' GROUP BY 1, 2) f
    JOIN (SELECT product_id, metric_type, array_agg(key ORDER BY key) AS keys, array_agg(n ORDER BY key) AS counts
            FROM (SELECT product_id, metric_type, ${sketchKeySql('metric_value')} AS key, count(*)::integer AS n
                    FROM monitoring.performance_metrics WHERE timestamp >= $1 AND timestamp < $1 + interval '1 hour' GROUP BY 1, 2, 3) k
           GROUP BY 1, 2) s USING (product_id, metric_type)`;

/** Rolls hours up for all products; through the control login, in one transaction an hour, so that a reader finds the old one or the new. */
@Injectable()
export class RollupWriter {
  constructor(private readonly databases: Databases) {}

  /** Newest first. Safe to repeat and to be cut off. @returns how many hours were rolled up */
  async rollUpDue(signal: AbortSignal): Promise<number> {
    await this.databases.control.query(EMPTY_DAYS_SQL, [DAYS_KEPT, SETTLING_MINUTES]);
    const hours = await this.databases.control.query<{ hour: Date }>(DUE_HOURS_SQL, [DAYS_KEPT, SETTLING_MINUTES]);
    let rolled = 0;
    for (const { hour } of hours) {
      if (signal.aborted) break;
      await this.rollUp(hour);
      rolled += 1;
    }
    return rolled;
  }

  /** Drops what is older than rollups are kept, and marks of hours that are no longer rolled up. */
  async forgetOld(): Promise<void> {
    for (const table of ['metric_rollups', 'metric_rolled_hours']) {
      await this.databases.control.query(`DELETE FROM monitoring.${table} WHERE hour < clock_timestamp() - make_interval(days => $1)`, [ROLLUP_DAYS_KEPT]);
    }
    await this.databases.control.query(`DELETE FROM monitoring.metric_late_hours WHERE hour < date_trunc('day', clock_timestamp(), 'UTC') - make_interval(days => $1)`, [DAYS_KEPT]);
  }

  private async rollUp(hour: Date): Promise<void> {
    await this.databases.control.transaction(async (tx) => {
      // Two that roll up the same hour wait for each other; the marks first, so that rows committed after them keep theirs.
      await tx.query(`SELECT pg_advisory_xact_lock(hashtext('metric-rollup'), (extract(epoch FROM $1::timestamptz) / 3600)::integer)`, [hour]);
      await tx.query('DELETE FROM monitoring.metric_late_hours WHERE hour = $1', [hour]);
      await tx.query('DELETE FROM monitoring.metric_rollups WHERE hour = $1', [hour]);
      await tx.query(ROLL_UP_SQL, [hour]);
      await tx.query('INSERT INTO monitoring.metric_rolled_hours (hour) VALUES ($1) ON CONFLICT (hour) DO UPDATE SET rolled_at = clock_timestamp()', [hour]);
    });
  }
}
