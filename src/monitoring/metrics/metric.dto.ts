import { InstantField, IntegerField, ItemsField, JsonField, NumberField, OneOfField, TextField } from '../../http/fields.js';
import { IsAfter, TimeRangeQuery } from '../../http/paging.js';
import { Shown } from '../../http/shown.js';

/**
 * PostgreSQL's average works with squares of differences: one value beyond 1e154 would make every summary that it falls in fail.
 * This leaves room for more rows than there can be.
 */
const LARGEST_VALUE = 1e100;

export class RecordMetric {
  @TextField({ description: 'What was measured.', example: 'response_time', max: 50 })
  metricType!: string;

  @NumberField({ description: 'The value.', example: 182.5, min: -LARGEST_VALUE, max: LARGEST_VALUE })
  metricValue!: number;

  @TextField({ description: 'Its unit.', example: 'ms', max: 20, optional: true, nullable: true })
  metricUnit?: string | null;

  @InstantField({ description: 'When it was measured, within the days that are kept; absent for now.', example: '2026-11-24T09:00:00Z', optional: true })
  timestamp?: Date;

  @JsonField({ description: 'What else there is to say.', example: { route: 'search' }, optional: true, nullable: true })
  metadata?: Record<string, unknown> | null;
}

export class RecordMetrics {
  @ItemsField({ description: 'All are recorded, or none.', type: () => RecordMetric, min: 1, max: 10_000 })
  items!: RecordMetric[];
}

export class RecordedMetrics {
  @Shown({ as: 'integer', description: 'How many were recorded.', example: 2 })
  accepted!: number;
}

export class ListMetrics extends TimeRangeQuery {
  @IntegerField({ description: 'How many items a page has at most.', example: 20, min: 1, max: 1_000, default: 20 })
  override limit!: number;

  @TextField({ description: 'Only this metric.', example: 'response_time', max: 50, optional: true })
  metricType?: string;
}

/** Name of a bucket → its length in seconds. */
export const BUCKETS = { '1m': 60, '5m': 300, '1h': 3_600, '1d': 86_400 } as const;
export type Bucket = keyof typeof BUCKETS;

export class SummariseMetrics {
  @TextField({ description: 'Only this metric; absent for all.', example: 'response_time', max: 50, optional: true })
  metricType?: string;

  @InstantField({ description: 'From this time on; absent for a day before the end.', example: '2026-11-24T00:00:00Z', optional: true })
  since?: Date;

  @InstantField({ description: 'Before this time; absent for now.', example: '2026-11-25T00:00:00Z', optional: true })
  @IsAfter('since')
  until?: Date;

  @OneOfField({ description: 'How long a bucket is; buckets start at whole multiples of it, in UTC.', example: '1h', values: ['1m', '5m', '1h', '1d'], default: '1h' })
  bucket!: Bucket;
}

export class MetricBucket {
  @Shown({ as: 'instant', description: 'Where the bucket starts.', example: '2026-11-24T09:00:00.000Z' })
  bucketStart!: Date;

  @Shown({ as: 'text', description: 'What was measured.', example: 'response_time' })
  metricType!: string;

  @Shown({ as: 'integer', description: 'How many measurements.', example: 412 })
  count!: number;

  @Shown({ as: 'number', description: 'The smallest.', example: 21 })
  min!: number;

  @Shown({ as: 'number', description: 'The largest.', example: 940 })
  max!: number;

  @Shown({ as: 'number', description: 'The arithmetic mean.', example: 187.2 })
  mean!: number;

  @Shown({ as: 'number', description: 'The median, interpolated between measurements.', example: 160 })
  p50!: number;

  @Shown({ as: 'number', description: 'The 95th percentile.', example: 420 })
  p95!: number;

  @Shown({ as: 'number', description: 'The 99th percentile.', example: 800 })
  p99!: number;
}

export class MetricSummary {
  @Shown({ as: () => MetricBucket, list: true, description: 'Oldest first, then by metric; buckets without a measurement are left out.' })
  items!: MetricBucket[];
}
