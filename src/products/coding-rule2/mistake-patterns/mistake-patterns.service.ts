import { Injectable } from '@nestjs/common';
import { readSlice, type Place, type Slice } from '../../../database/keyset.js';
import { newId } from '../../../database/new-id.js';
import { vectorToBinary } from '../../../database/vector.js';
import { AppError, invalidFields, notFound } from '../../../errors/app-error.js';
import { ruleProblems } from '../checks/pattern-rules.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import type { DescribePattern, PatternOrder, RecordOccurrence } from './mistake-pattern.dto.js';
import { MistakePattern } from './mistake-pattern.entity.js';

const COLUMNS = `id, pattern_type AS "patternType", pattern_description AS "patternDescription", pattern_data AS "patternData",
  occurrences, last_occurrence AS "lastOccurrence", prevention_actions AS "preventionActions", created_at AS "createdAt"`;

const ORDERS = {
  createdAt: { orderBy: 'row.createdAt', keyType: 'timestamptz' },
  occurrences: { orderBy: 'row.occurrences', keyType: 'integer' },
  // What has never happened stands last.
  lastOccurrence: { orderBy: `COALESCE(row.lastOccurrence, '-infinity')`, keyType: 'timestamptz' },
} as const satisfies Record<PatternOrder, { orderBy: string; keyType: 'timestamptz' | 'integer' }>;

/** Which type of key a list in this order has. */
export function keyTypeOf(order: PatternOrder): 'timestamptz' | 'integer' {
  return ORDERS[order].keyType;
}

/** The mistakes that are known, and how often each has happened. */
@Injectable()
export class MistakePatternsService {
  constructor(private readonly database: CodingRule2Database) {}

  /** Describes a pattern, new or known; the count stays as it is. */
  async describe(patternType: string, description: DescribePattern): Promise<{ pattern: MistakePattern; isNew: boolean }> {
    refuseBadRules(description.patternData);
    const { preventionActions: actions, embedding, embeddingModel } = description;
    const [row] = await this.database.query<MistakePattern & { isNew: boolean }>(
      // xmax is 0 in a row that this statement has inserted, and its own transaction in one that it has updated.
      `INSERT INTO coding_rule2.mistake_patterns AS p (id, pattern_type, pattern_description, pattern_data, prevention_actions, vector_embedding, embedding_model)
       VALUES ($1, $2, $3, $4, $5, $6, $8)
       ON CONFLICT (pattern_type) DO UPDATE
          SET pattern_description = excluded.pattern_description, pattern_data = excluded.pattern_data,
              prevention_actions = excluded.prevention_actions,
              vector_embedding = CASE WHEN $7 THEN excluded.vector_embedding ELSE p.vector_embedding END,
              embedding_model = CASE WHEN $7 THEN excluded.embedding_model ELSE p.embedding_model END,
              embedded_text = CASE WHEN $7 THEN NULL ELSE p.embedded_text END
       RETURNING ${COLUMNS}, xmax = 0 AS "isNew"`,
      [
        newId(),
        patternType,
        description.patternDescription,
        description.patternData,
        actions ? JSON.stringify(actions) : null,
        embedding ? vectorToBinary(embedding) : null,
        embedding !== undefined,
        embedding ? (embeddingModel ?? null) : null,
      ],
    );
    if (row === undefined) throw new AppError('internal', 'The pattern was not written.');
    const { isNew, ...pattern } = row;
    return { pattern, isNew };
  }

  /**
   * Adds one occurrence, its row in the history with it, in one statement: any number at once count exactly. The
   * pattern is made if it is new; of its fields, those given replace and those absent stay.
   */
  async recordOccurrence(patternType: string, occurrence: RecordOccurrence): Promise<MistakePattern> {
    const actions = occurrence.preventionActions;
    if (occurrence.patternData) refuseBadRules(occurrence.patternData);
    const [row] = await this.database.query<MistakePattern>(
      `WITH pattern AS (
         INSERT INTO coding_rule2.mistake_patterns AS p
                (id, pattern_type, pattern_description, pattern_data, prevention_actions, occurrences, last_occurrence)
         VALUES ($1, $2, coalesce($3::text, ''), coalesce($4::jsonb, '{}'), $5::jsonb, 1, clock_timestamp())
         ON CONFLICT (pattern_type) DO UPDATE
            SET occurrences = p.occurrences + 1,
                last_occurrence = greatest(p.last_occurrence, excluded.last_occurrence),
                pattern_description = coalesce($3::text, p.pattern_description),
                pattern_data = coalesce($4::jsonb, p.pattern_data),
                prevention_actions = coalesce($5::jsonb, p.prevention_actions)
         RETURNING *
       ), history AS (
         INSERT INTO coding_rule2.mistake_occurrences (id, pattern_id, session_id, detail, occurred_at)
         SELECT $6::uuid, id, $7::varchar, $8::text, last_occurrence FROM pattern
       )
       SELECT ${COLUMNS} FROM pattern`,
      [
        newId(),
        patternType,
        occurrence.patternDescription ?? null,
        occurrence.patternData ?? null,
        actions ? JSON.stringify(actions) : null,
        newId(),
        occurrence.sessionId ?? null,
        occurrence.detail ?? null,
      ],
      { prepared: true },
    );
    if (row === undefined) throw new AppError('internal', 'The occurrence was not recorded.');
    return row;
  }

  async list(order: PatternOrder, limit: number, after: Place | undefined): Promise<Slice<MistakePattern>> {
    return readSlice(await this.database.manager(), { entity: MistakePattern, ...ORDERS[order], limit, after, where: () => {} });
  }

  /** @throws AppError `not_found` */
  async get(patternType: string): Promise<MistakePattern> {
    const [row] = await this.database.query<MistakePattern>(`SELECT ${COLUMNS} FROM coding_rule2.mistake_patterns WHERE pattern_type = $1`, [patternType], { prepared: true });
    if (row === undefined) throw notFound();
    return row;
  }
}

/** @throws AppError `validation_failed` that points at each rule that can't be used */
function refuseBadRules(patternData: Readonly<Record<string, unknown>>): void {
  const problems = ruleProblems(patternData);
  if (problems.length > 0) throw invalidFields(problems.slice(0, 20).map(({ pointer, detail }) => ({ pointer: `/patternData${pointer}`, detail })));
}
