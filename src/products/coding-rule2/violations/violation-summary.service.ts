import { Injectable } from '@nestjs/common';
import { CodingRule2Database } from '../coding-rule2.database.js';
import type { AutoCorrection, Recurrence, ViolationSummary } from './violation.dto.js';
import { SEVERITY_LEVELS } from './violation.entity.js';

interface TimeRange {
  since?: Date;
  until?: Date;
}

interface GroupRow {
  violationType: string | null;
  severityLevel: string | null;
  day: string | null;
  week: string | null;
  count: number;
  corrected: number;
}

/** Counts violations, by one pass over the rows, and tells which come back. */
@Injectable()
export class ViolationSummaryService {
  constructor(private readonly database: CodingRule2Database) {}

  async summarise(range: TimeRange): Promise<ViolationSummary> {
    const [rows, recurrence] = await this.database.heavy(async () => [await this.groups(range), await this.recurrences(range)] as const);
    const whole = rows.find((row) => row.violationType === null && row.severityLevel === null && row.day === null && row.week === null);
    const total = whole?.count ?? 0;
    const autoCorrectedCount = whole?.corrected ?? 0;
    const byType = groupsOf(rows, 'violationType');
    const severities = groupsOf(rows, 'severityLevel');
    const bySeverity = SEVERITY_LEVELS.toReversed().flatMap((level) => severities.filter((entry) => entry.key === level));
    return {
      total,
      autoCorrectedCount,
      autoCorrectionRate: total === 0 ? 0 : autoCorrectedCount / total,
      byType: byType.map(countOf),
      bySeverity: bySeverity.map(countOf),
      byDay: groupsOf(rows, 'day').sort(oldestFirst).map(countOf),
      autoCorrectionByType: byType,
      autoCorrectionBySeverity: bySeverity,
      autoCorrectionByWeek: groupsOf(rows, 'week').sort(oldestFirst),
      recurrence,
    };
  }

  private groups({ since, until }: TimeRange): Promise<GroupRow[]> {
    return this.database.query<GroupRow>(
      `SELECT violation_type AS "violationType", severity_level AS "severityLevel", day::text AS day, week,
              count(*)::int AS count, (count(*) FILTER (WHERE auto_corrected))::int AS corrected
         FROM (SELECT violation_type, severity_level, auto_corrected, (created_at AT TIME ZONE 'UTC')::date AS day,
                      to_char(created_at AT TIME ZONE 'UTC', 'IYYY-"W"IW') AS week
                 FROM coding_rule2.constitutional_violations
                WHERE ($1::timestamptz IS NULL OR created_at >= $1) AND ($2::timestamptz IS NULL OR created_at < $2)) v
        GROUP BY GROUPING SETS ((violation_type), (severity_level), (day), (week), ())
        ORDER BY count DESC, "violationType"`,
      [since ?? null, until ?? null],
    );
  }

  private recurrences({ since, until }: TimeRange): Promise<Recurrence[]> {
    return this.database.query<Recurrence>(
      `SELECT violation_type AS key, count(*)::int AS count, count(DISTINCT coalesce(session_id, ''))::int AS "sessionCount",
              count(DISTINCT (created_at AT TIME ZONE 'UTC')::date)::int AS "dayCount",
              (count(*) FILTER (WHERE was_corrected))::int AS "recurredAfterCorrection",
              (extract(epoch FROM max(created_at) - min(created_at)) / (count(*) - 1))::float8 AS "meanSecondsBetween",
              min(created_at) AS "firstAt", max(created_at) AS "lastAt"
         FROM (SELECT violation_type, session_id, created_at,
                      coalesce(bool_or(corrected_response IS NOT NULL) OVER (
                        PARTITION BY violation_type ORDER BY created_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), false) AS was_corrected
                 FROM coding_rule2.constitutional_violations
                WHERE ($1::timestamptz IS NULL OR created_at >= $1) AND ($2::timestamptz IS NULL OR created_at < $2)) v
        GROUP BY violation_type HAVING count(*) > 1
        ORDER BY count(*) DESC, violation_type
        LIMIT 100`,
      [since ?? null, until ?? null],
    );
  }
}

function groupsOf(rows: readonly GroupRow[], group: 'violationType' | 'severityLevel' | 'day' | 'week'): AutoCorrection[] {
  return rows.flatMap((row) => {
    const key = row[group];
    return key === null ? [] : [{ key, count: row.count, autoCorrectedCount: row.corrected, autoCorrectionRate: row.corrected / row.count }];
  });
}

function countOf({ key, count }: AutoCorrection): { key: string; count: number } {
  return { key, count };
}

function oldestFirst(a: AutoCorrection, b: AutoCorrection): number {
  return a.key < b.key ? -1 : 1;
}
