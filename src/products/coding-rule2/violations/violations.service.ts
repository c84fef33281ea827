import { Injectable } from '@nestjs/common';
import { readSlice, type Place, type Slice } from '../../../database/keyset.js';
import { newId } from '../../../database/new-id.js';
import { AppError } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import type { RecordViolation, ViolationCount, ViolationSummary } from './violation.dto.js';
import { SEVERITY_LEVELS, Violation, type SeverityLevel } from './violation.entity.js';

const COLUMNS = `id, violation_type AS "violationType", violation_description AS "violationDescription",
  original_response AS "originalResponse", corrected_response AS "correctedResponse", severity_level AS "severityLevel",
  auto_corrected AS "autoCorrected", created_at AS "createdAt"`;

interface GroupRow {
  violationType: string | null;
  severityLevel: string | null;
  day: string | null;
  count: number;
  corrected: number;
}

/** Where the assistant broke its constitution. */
@Injectable()
export class ViolationsService {
  constructor(private readonly database: CodingRule2Database) {}

  async record(violation: RecordViolation): Promise<Violation> {
    const [row] = await this.database.query<Violation>(
      `INSERT INTO coding_rule2.constitutional_violations
              (id, violation_type, violation_description, original_response, corrected_response, severity_level, auto_corrected)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       RETURNING ${COLUMNS}`,
      [
        newId(),
        violation.violationType,
        violation.violationDescription,
        violation.originalResponse,
        violation.correctedResponse ?? null,
        violation.severityLevel,
        violation.autoCorrected,
      ],
    );
    if (row === undefined) throw new AppError('internal', 'The violation was not recorded.');
    return row;
  }

  async list(
    filter: { violationType?: string; severityLevel?: SeverityLevel; since?: Date; until?: Date },
    limit: number,
    after: Place | undefined,
  ): Promise<Slice<Violation>> {
    return readSlice(await this.database.manager(), {
      entity: Violation,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        if (filter.violationType !== undefined) query.andWhere('row.violationType = :type', { type: filter.violationType });
        if (filter.severityLevel !== undefined) query.andWhere('row.severityLevel = :severity', { severity: filter.severityLevel });
        if (filter.since !== undefined) query.andWhere('row.createdAt >= :since', { since: filter.since });
        if (filter.until !== undefined) query.andWhere('row.createdAt < :until', { until: filter.until });
      },
    });
  }

  /** Counted in one pass over the rows. */
  async summarise(range: { since?: Date; until?: Date }): Promise<ViolationSummary> {
    const rows = await this.database.query<GroupRow>(
      `SELECT violation_type AS "violationType", severity_level AS "severityLevel", day::text AS day,
              count(*)::int AS count, (count(*) FILTER (WHERE auto_corrected))::int AS corrected
         FROM (SELECT violation_type, severity_level, auto_corrected, (created_at AT TIME ZONE 'UTC')::date AS day
                 FROM coding_rule2.constitutional_violations
                WHERE ($1::timestamptz IS NULL OR created_at >= $1) AND ($2::timestamptz IS NULL OR created_at < $2)) v
        GROUP BY GROUPING SETS ((violation_type), (severity_level), (day), ())
        ORDER BY count DESC, "violationType"`,
      [range.since ?? null, range.until ?? null],
    );
    const whole = rows.find((row) => row.violationType === null && row.severityLevel === null && row.day === null);
    const total = whole?.count ?? 0;
    const autoCorrectedCount = whole?.corrected ?? 0;
    const severities = counts(rows, 'severityLevel');
    return {
      total,
      autoCorrectedCount,
      autoCorrectionRate: total === 0 ? 0 : autoCorrectedCount / total,
      byType: counts(rows, 'violationType'),
      bySeverity: SEVERITY_LEVELS.toReversed().flatMap((level) => severities.filter((entry) => entry.key === level)),
      byDay: counts(rows, 'day').sort((a, b) => (a.key < b.key ? -1 : 1)),
    };
  }
}

function counts(rows: readonly GroupRow[], group: 'violationType' | 'severityLevel' | 'day'): ViolationCount[] {
  return rows.flatMap((row) => {
    const key = row[group];
    return key === null ? [] : [{ key, count: row.count }];
  });
}
