import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import type { MetricBucket } from '../metrics/metric.dto.js';
import { percentileOf, sketchKeySql } from './sketch.js';
import { HOUR_MS, planSummary, type SummaryPlan, type TimeRange } from './time-ranges.js';

/** Hours with a rollup that holds all there is. Those whose measurements have been dropped have no others. */
const ROLLED_HOURS_SQL = `
  SELECT r.hour FROM monitoring.metric_rolled_hours r
   WHERE r.hour >= $2 AND r.hour < $3
     AND NOT EXISTS (SELECT FROM monitoring.metric_late_hours l WHERE l.product_id = $1 AND l.hour = r.hour)`;

const EXACT_SQL = `
  SELECT date_bin(make_interval(secs => $4), m.timestamp, timestamptz '2000-01-01 00:00:00+00') AS "bucketStart", m.metric_type AS "metricType",
         count(*)::float8 AS count, min(m.metric_value) AS min, max(m.metric_value) AS max, avg(m.metric_value) AS mean,
         percentile_cont(0.5) WITHIN GROUP (ORDER BY m.metric_value) AS p50,
         percentile_cont(0.95) WITHIN GROUP (ORDER BY m.metric_value) AS p95,
         percentile_cont(0.99) WITHIN GROUP (ORDER BY m.metric_value) AS p99
    FROM unnest($2::timestamptz[], $3::timestamptz[]) AS part (since, until)
    JOIN monitoring.performance_metrics m ON m.product_id = $1 AND m.timestamp >= part.since AND m.timestamp < part.until
   WHERE $5::varchar IS NULL OR m.metric_type = $5::varchar
   GROUP BY 1, 2`;

/** An hour's own percentiles are stored, and exact. */
const HOURS_SQL = `
  SELECT hour AS "bucketStart", metric_type AS "metricType", count::float8 AS count, min, max, sum / count AS mean, p50, p95, p99
    FROM monitoring.metric_rollups
   WHERE product_id = $1 AND hour = ANY ($2::timestamptz[]) AND ($3::varchar IS NULL OR metric_type = $3::varchar)`;

const MERGED_SQL = `
  WITH parts AS (
    SELECT date_bin(make_interval(secs => $5), r.hour, timestamptz '2000-01-01 00:00:00+00') AS bucket, r.metric_type, r.sum, r.min, r.max, r.sketch_keys AS keys, r.sketch_counts AS counts
      FROM monitoring.metric_rollups r
     WHERE r.product_id = $1 AND r.hour = ANY ($2::timestamptz[]) AND ($6::varchar IS NULL OR r.metric_type = $6::varchar)
    UNION ALL
    SELECT bucket, metric_type, sum(sum), min(min), max(max), array_agg(key), array_agg(n)
      FROM (SELECT date_bin(make_interval(secs => $5), m.timestamp, timestamptz '2000-01-01 00:00:00+00') AS bucket, m.metric_type, ${sketchKeySql('m.metric_value')} AS key,
                   count(*)::integer AS n, sum(m.metric_value) AS sum, min(m.metric_value) AS min, max(m.metric_value) AS max
              FROM unnest($3::timestamptz[], $4::timestamptz[]) AS part (since, until)
              JOIN monitoring.performance_metrics m ON m.product_id = $1 AND m.timestamp >= part.since AND m.timestamp < part.until
             WHERE $6::varchar IS NULL OR m.metric_type = $6::varchar
             GROUP BY 1, 2, 3) k
     GROUP BY 1, 2),
  merged AS (
    SELECT bucket, metric_type, array_agg(key ORDER BY key) AS keys, array_agg(n ORDER BY key) AS counts
      FROM (SELECT bucket, metric_type, key, sum(n)::float8 AS n FROM parts, unnest(parts.keys, parts.counts) AS s (key, n) GROUP BY 1, 2, 3) k
     GROUP BY 1, 2)
  SELECT f.bucket AS "bucketStart", f.metric_type AS "metricType", f.sum, f.min, f.max, m.keys, m.counts
    FROM (SELECT bucket, metric_type, sum(sum) AS sum, min(min) AS min, max(max) AS max FROM parts GROUP BY 1, 2) f
    JOIN merged m USING (bucket, metric_type)`;

interface MergedRow {
  bucketStart: Date;
  metricType: string;
  sum: number;
  min: number;
  max: number;
  keys: number[];
  counts: number[];
}

export interface SummaryWish {
  readonly since: Date;
  readonly until: Date;
  readonly seconds: number;
  readonly metricType: string | null;
}

/** Summaries through the product's own login: whole hours from rollups where the buckets are that long, else from the measurements. */
@Injectable()
export class MetricSummaries {
  constructor(private readonly databases: Databases) {}

  /** Oldest first, then by metric. Exact, but for buckets longer than an hour that hold rolled hours: their percentiles are within half a percent. */
  async read(productId: string, wish: SummaryWish): Promise<MetricBucket[]> {
    const rows = await this.databases.heavyReads.run(productId, async () => {
      const plan = await this.plan(productId, wish);
      return [...(await this.exact(productId, wish, plan.exact)), ...(await this.fromRollups(productId, wish, plan))];
    });
    return rows.sort((a, b) => a.bucketStart.getTime() - b.bucketStart.getTime() || (a.metricType < b.metricType ? -1 : 1));
  }

  private async plan(productId: string, { since, until, seconds }: SummaryWish): Promise<SummaryPlan> {
    const range = { from: since.getTime(), to: until.getTime() };
    if (seconds * 1_000 < HOUR_MS) return { rolled: [], exact: [range], merged: [] };
    const hours = await this.databases.product(productId).query<{ hour: Date }>(ROLLED_HOURS_SQL, [productId, since, until]);
    return planSummary(range, seconds * 1_000, hours.map(({ hour }) => hour.getTime()));
  }

  private async exact(productId: string, { seconds, metricType }: SummaryWish, ranges: readonly TimeRange[]): Promise<MetricBucket[]> {
    if (ranges.length === 0) return [];
    return this.databases.product(productId).query<MetricBucket>(EXACT_SQL, [productId, ...edges(ranges), seconds, metricType]);
  }

  private async fromRollups(productId: string, { seconds, metricType }: SummaryWish, { rolled, merged }: SummaryPlan): Promise<MetricBucket[]> {
    if (rolled.length === 0) return [];
    const database = this.databases.product(productId);
    const hours = rolled.map((hour) => new Date(hour));
    if (seconds * 1_000 === HOUR_MS) return database.query<MetricBucket>(HOURS_SQL, [productId, hours, metricType]);
    const rows = await database.query<MergedRow>(MERGED_SQL, [productId, hours, ...edges(merged), seconds, metricType]);
    return rows.map(bucketOf);
  }
}

function edges(ranges: readonly TimeRange[]): [Date[], Date[]] {
  return [ranges.map(({ from }) => new Date(from)), ranges.map(({ to }) => new Date(to))];
}

function bucketOf(row: MergedRow): MetricBucket {
  const { bucketStart, metricType, sum, min, max, counts } = row;
  const count = counts.reduce((total, n) => total + n, 0);
  return { bucketStart, metricType, count, min, max, mean: sum / count, p50: percentileOf(row, 0.5), p95: percentileOf(row, 0.95), p99: percentileOf(row, 0.99) };
}
