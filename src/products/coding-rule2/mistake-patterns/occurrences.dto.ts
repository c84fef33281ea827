import { InstantField, IntegerField, OneOfField, TextField } from '../../../http/fields.js';
import { IsAfter, TimeRangeQuery } from '../../../http/paging.js';
import { Shown } from '../../../http/shown.js';

export class ListOccurrences extends TimeRangeQuery {
  @TextField({ description: 'Only this session.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;
}

export const TREND_BUCKETS = ['day', 'week'] as const;

export class ReadTrend {
  @OneOfField({ description: 'Days, or weeks that begin on Monday; in UTC.', example: 'day', values: TREND_BUCKETS, default: 'day' })
  bucket!: (typeof TREND_BUCKETS)[number];

  @InstantField({ description: 'Only what happened at this time or later.', example: '2026-01-01T00:00:00Z', optional: true })
  since?: Date;

  @InstantField({ description: 'Only what happened before this time.', example: '2026-12-31T00:00:00Z', optional: true })
  @IsAfter('since')
  until?: Date;

  @TextField({ description: 'Only this pattern.', example: 'claimed-tests-passed', max: 50, optional: true })
  patternType?: string;
}

export class TrendBucket {
  @Shown({ as: 'instant', description: 'When the day or week begins.', example: '2026-11-24T00:00:00.000Z' })
  bucketStart!: Date;

  @Shown({ as: 'text', description: 'The pattern.', example: 'claimed-tests-passed' })
  patternType!: string;

  @Shown({ as: 'integer', description: 'How often it happened.', example: 3 })
  count!: number;
}

export class Trend {
  @Shown({ as: () => TrendBucket, list: true, description: 'Oldest first, empty ones left out; the last 10,000.' })
  items!: TrendBucket[];
}

export class ReadRecurrence {
  @IntegerField({ description: 'How many days back counts as lately.', example: 30, min: 1, max: 3_650, default: 30 })
  days!: number;

  @IntegerField({ description: 'So often within these days makes a pattern a recurring one.', example: 2, min: 1, max: 1_000_000, default: 2 })
  atLeast!: number;
}

export class RecurringPattern {
  @Shown({ as: 'text', description: 'The pattern.', example: 'claimed-tests-passed' })
  patternType!: string;

  @Shown({ as: 'integer', description: 'How often it happened lately.', example: 5 })
  recent!: number;

  @Shown({ as: 'integer', description: 'How often in as many days before.', example: 9 })
  before!: number;

  @Shown({ as: 'integer', description: 'How often ever.', example: 31 })
  occurrences!: number;

  @Shown({ as: 'instant', nullable: true, description: 'When it last happened.', example: '2026-11-24T09:00:00.000Z' })
  lastOccurrence!: Date | null;
}

export class Recurrence {
  @Shown({ as: () => RecurringPattern, list: true, description: 'Those that keep happening, most often first; 1,000 at most.' })
  recurring!: RecurringPattern[];

  @Shown({ as: () => RecurringPattern, list: true, description: 'Those that have happened, but not lately; quiet for longest last, 1,000 at most.' })
  quiet!: RecurringPattern[];
}
