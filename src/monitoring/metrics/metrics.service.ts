import { Injectable } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { readSlice, type Place, type Slice } from '../../database/keyset.js';
import { newId } from '../../database/new-id.js';
import { assertKept } from '../../database/partitions.js';
import { invalid } from '../../errors/app-error.js';
import { MetricSummaries } from '../rollups/metric-summaries.js';
import { BUCKETS, type Bucket, type MetricBucket } from './metric.dto.js';
import { PerformanceMetric } from './performance-metric.entity.js';

export interface NewMetric {
  metricType: string;
  metricValue: number;
  metricUnit?: string | null;
  timestamp?: Date;
  metadata?: Record<string, unknown> | null;
}

const DAY_MS = 86_400_000;
/** A month of minutes. What is more is no summary any more, and would not fit a screen or an answer. */
const MAX_BUCKETS = 44_640;

/** Measurements of a product, written and read through the product's own login. */
@Injectable()
export class MetricsService {
  constructor(
    private readonly databases: Databases,
    private readonly summaries: MetricSummaries,
  ) {}

  /**
   * Records all, or none, in one statement.
   * @throws AppError `validation_failed` for a time outside the days that are kept
   */
  async record(productId: string, metrics: readonly NewMetric[]): Promise<number> {
    assertKept(metrics.map((metric) => metric.timestamp), (index) => `/items/${index}/timestamp`);
    const now = new Date();
    await this.databases.product(productId).query(
      `INSERT INTO monitoring.performance_metrics (id, product_id, metric_type, metric_value, metric_unit, timestamp, metadata)
       SELECT m.id, $1, m.type, m.value, m.unit, m.at, m.metadata
         FROM unnest($2::uuid[], $3::varchar[], $4::float8[], $5::varchar[], $6::timestamptz[], $7::jsonb[]) AS m (id, type, value, unit, at, metadata)`,
      [
        productId,
        metrics.map(() => newId()),
        metrics.map((metric) => metric.metricType),
        metrics.map((metric) => metric.metricValue),
        metrics.map((metric) => metric.metricUnit ?? null),
        metrics.map((metric) => metric.timestamp ?? now),
        metrics.map((metric) => (metric.metadata ? JSON.stringify(metric.metadata) : null)),
      ],
      { prepared: true },
    );
    return metrics.length;
  }

  async list(
    productId: string,
    filter: { metricType?: string; since?: Date; until?: Date },
    limit: number,
    after: Place | undefined,
  ): Promise<Slice<PerformanceMetric>> {
    return readSlice(await this.databases.product(productId).manager(), {
      entity: PerformanceMetric,
      orderBy: 'row.timestamp',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        query.where('row.productId = :productId', { productId });
        if (filter.metricType !== undefined) query.andWhere('row.metricType = :metricType', { metricType: filter.metricType });
        if (filter.since !== undefined) query.andWhere('row.timestamp >= :since', { since: filter.since });
        if (filter.until !== undefined) query.andWhere('row.timestamp < :until', { until: filter.until });
      },
    });
  }

  /**
   * Figures by bucket, oldest first.
   * @param range `until` defaults to now, `since` to a day before it
   * @throws AppError `validation_failed` where the range holds too many buckets
   */
  async summarise(productId: string, range: { metricType?: string; since?: Date; until?: Date; bucket: Bucket }): Promise<MetricBucket[]> {
    const until = range.until ?? new Date();
    const since = range.since ?? new Date(until.getTime() - DAY_MS);
    const seconds = BUCKETS[range.bucket];
    if (since >= until) throw invalid('/query/since', 'must be earlier than until, which is now unless given');
    if ((until.getTime() - since.getTime()) / 1_000 / seconds > MAX_BUCKETS) {
      throw invalid('/query/bucket', `must be longer for this range: there would be more than ${MAX_BUCKETS} buckets`);
    }
    return this.summaries.read(productId, { since, until, seconds, metricType: range.metricType ?? null });
  }
}
