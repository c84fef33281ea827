import { Injectable } from '@nestjs/common';
import { readSlice, type Place, type Slice } from '../../../database/keyset.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { MistakeOccurrence } from './mistake-occurrence.entity.js';
import { MistakePatternsService } from './mistake-patterns.service.js';
import type { ListOccurrences, ReadTrend, Recurrence, RecurringPattern, TrendBucket } from './occurrences.dto.js';

/** When mistakes happened. */
@Injectable()
export class OccurrencesService {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly patterns: MistakePatternsService,
  ) {}

  /** @throws AppError `not_found` for a pattern that is not known */
  async list(patternType: string, filter: ListOccurrences, after: Place | undefined): Promise<Slice<MistakeOccurrence>> {
    const { id } = await this.patterns.get(patternType);
    return readSlice(await this.database.manager(), {
      entity: MistakeOccurrence,
      orderBy: 'row.occurredAt',
      keyType: 'timestamptz',
      limit: filter.limit,
      after,
      where: (query) => {
        query.where('row.patternId = :id', { id });
        if (filter.sessionId !== undefined) query.andWhere('row.sessionId = :sessionId', { sessionId: filter.sessionId });
        if (filter.since !== undefined) query.andWhere('row.occurredAt >= :since', { since: filter.since });
        if (filter.until !== undefined) query.andWhere('row.occurredAt < :until', { until: filter.until });
      },
    });
  }

  trend({ bucket, since, until, patternType }: ReadTrend): Promise<TrendBucket[]> {
    return this.database.query<TrendBucket>(
      `SELECT * FROM (
         SELECT date_trunc($1, o.occurred_at, 'UTC') AS "bucketStart", p.pattern_type AS "patternType", count(*)::int AS count
           FROM coding_rule2.mistake_occurrences o JOIN coding_rule2.mistake_patterns p ON p.id = o.pattern_id
          WHERE ($2::timestamptz IS NULL OR o.occurred_at >= $2) AND ($3::timestamptz IS NULL OR o.occurred_at < $3)
            AND ($4::text IS NULL OR p.pattern_type = $4)
          GROUP BY 1, 2 ORDER BY 1 DESC, 2 LIMIT 10000) newest
        ORDER BY "bucketStart", "patternType"`,
      [bucket, since ?? null, until ?? null, patternType ?? null],
    );
  }

  /** Which mistakes keep happening and which have stopped, by the history of occurrences. */
  async recurrence(days: number, atLeast: number): Promise<Recurrence> {
    const rows = await this.database.query<RecurringPattern>(
      `SELECT p.pattern_type AS "patternType", p.occurrences, p.last_occurrence AS "lastOccurrence",
              (count(o.id) FILTER (WHERE o.occurred_at >= now() - make_interval(days => $1)))::int AS recent,
              (count(o.id) FILTER (WHERE o.occurred_at < now() - make_interval(days => $1)))::int AS before
         FROM coding_rule2.mistake_patterns p
         LEFT JOIN coding_rule2.mistake_occurrences o ON o.pattern_id = p.id AND o.occurred_at >= now() - make_interval(days => 2 * $1)
        WHERE p.occurrences > 0
        GROUP BY p.id`,
      [days],
    );
    const lately = Date.now() - days * 86_400_000;
    const isQuiet = ({ recent, lastOccurrence }: RecurringPattern) => recent === 0 && (lastOccurrence === null || lastOccurrence.getTime() < lately);
    const time = ({ lastOccurrence }: RecurringPattern) => lastOccurrence?.getTime() ?? 0;
    return {
      recurring: rows.filter(({ recent }) => recent >= atLeast).sort((a, b) => b.recent - a.recent || time(b) - time(a)).slice(0, 1_000),
      quiet: rows.filter(isQuiet).sort((a, b) => time(b) - time(a)).slice(0, 1_000),
    };
  }
}
