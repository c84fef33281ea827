import { Injectable } from '@nestjs/common';
import { readSlice, type Place, type Slice } from '../../../database/keyset.js';
import { newId } from '../../../database/new-id.js';
import { invalid, notFound } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import type { CorrectViolation, ListViolations, RecordViolation } from './violation.dto.js';
import { Violation } from './violation.entity.js';

const COLUMNS = `id, violation_type AS "violationType", violation_description AS "violationDescription",
  original_response AS "originalResponse", corrected_response AS "correctedResponse", severity_level AS "severityLevel",
  auto_corrected AS "autoCorrected", session_id AS "sessionId", pattern_type AS "patternType", created_at AS "createdAt"`;

/** Nothing where `$9` names a pattern that is not known. Shared, so that a pattern that is found here is still there when the row is written. */
export const RECORD_VIOLATION = `
  WITH pattern AS (SELECT pattern_type FROM coding_rule2.mistake_patterns WHERE pattern_type = $9 FOR KEY SHARE)
  INSERT INTO coding_rule2.constitutional_violations
         (id, violation_type, violation_description, original_response, corrected_response, severity_level, auto_corrected, session_id, pattern_type)
  SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9
   WHERE $9::varchar IS NULL OR EXISTS (SELECT FROM pattern)
  RETURNING ${COLUMNS}`;

/** Where the assistant broke its constitution. */
@Injectable()
export class ViolationsService {
  constructor(private readonly database: CodingRule2Database) {}

  /** @throws AppError `validation_failed` for a mistake pattern that nobody has described or recorded */
  async record(violation: RecordViolation): Promise<Violation> {
    const patternType = violation.patternType ?? null;
    const [row] = await this.database.query<Violation>(
      RECORD_VIOLATION,
      [
        newId(),
        violation.violationType,
        violation.violationDescription,
        violation.originalResponse,
        violation.correctedResponse ?? null,
        violation.severityLevel,
        violation.autoCorrected,
        violation.sessionId ?? null,
        patternType,
      ],
      { prepared: true },
    );
    if (row !== undefined) return row;
    throw invalid('/patternType', 'must be a mistake pattern that is known: describe it first, or record that it happened');
  }

  /** Sets the second half of the pair, or whether it was automatic. @throws AppError `not_found` */
  async correct(id: string, { correctedResponse, autoCorrected }: CorrectViolation): Promise<Violation> {
    const [row] = await this.database.query<Violation>(
      `UPDATE coding_rule2.constitutional_violations
          SET corrected_response = CASE WHEN $2 THEN $3 ELSE corrected_response END, auto_corrected = coalesce($4, auto_corrected)
        WHERE id = $1
       RETURNING ${COLUMNS}`,
      [id, correctedResponse !== undefined, correctedResponse ?? null, autoCorrected ?? null],
    );
    if (row === undefined) throw notFound();
    return row;
  }

  /** @throws AppError `not_found` */
  async get(id: string): Promise<Violation> {
    const [row] = await this.database.query<Violation>(`SELECT ${COLUMNS} FROM coding_rule2.constitutional_violations WHERE id = $1`, [id], { prepared: true });
    if (row === undefined) throw notFound();
    return row;
  }

  async list(filter: Omit<ListViolations, 'limit' | 'cursor'>, limit: number, after: Place | undefined): Promise<Slice<Violation>> {
    return readSlice(await this.database.manager(), {
      entity: Violation,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        if (filter.violationType !== undefined) query.andWhere('row.violationType = :type', { type: filter.violationType });
        if (filter.severityLevel !== undefined) query.andWhere('row.severityLevel = :severity', { severity: filter.severityLevel });
        if (filter.sessionId !== undefined) query.andWhere('row.sessionId = :sessionId', { sessionId: filter.sessionId });
        if (filter.patternType !== undefined) query.andWhere('row.patternType = :patternType', { patternType: filter.patternType });
        if (filter.corrected !== undefined) query.andWhere(`row.correctedResponse IS ${filter.corrected ? 'NOT NULL' : 'NULL'}`);
        if (filter.since !== undefined) query.andWhere('row.createdAt >= :since', { since: filter.since });
        if (filter.until !== undefined) query.andWhere('row.createdAt < :until', { until: filter.until });
      },
    });
  }
}
