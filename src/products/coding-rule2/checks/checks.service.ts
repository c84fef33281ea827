import { Injectable } from '@nestjs/common';
import { newId } from '../../../database/new-id.js';
import { vectorToBinary } from '../../../database/vector.js';
import { notFound } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { QuestionVectors } from '../embeddings/question-vectors.js';
import type { CheckAction, CheckOutcome, CheckResult, Effectiveness, PastOccurrence, PatternEffectiveness, ReportOutcome } from './check.dto.js';
import { FINGERPRINT, KnownPatterns, type KnownPattern, type PatternsThen } from './known-patterns.js';
import type { Verdict } from './mistake-check.entity.js';
import type { Reason } from './pattern-set.js';
import { SEVERITIES } from './pattern-rules.js';

/** From this cosine similarity on, an action is what a pattern's embedding stands for. */
const SIMILAR_EMBEDDING = 0.85;
/** Matches that one answer tells of, the most severe first. */
const MOST_MATCHES = 50;
/** Times that a pattern happened before of which an answer tells, the latest. */
const PAST_OCCURRENCES = 3;
/** Patterns that change faster than they can be read are taken as they were a moment ago in the end. */
const ATTEMPTS = 4;

const CHECK_COLUMNS = `id, verdict, action, session_id AS "sessionId", heeded, mistake_happened AS "mistakeHappened", outcome_detail AS detail,
  outcome_at AS "outcomeAt", created_at AS "createdAt"`;

/** A pattern that an action matches. */
interface Match extends KnownPattern {
  readonly reasons: readonly Reason[];
}

type Past = Omit<PastOccurrence, 'occurredAt'> & { occurredAt: string };

/** Advises before an action, and remembers what came of it. */
@Injectable()
export class ChecksService {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly patterns: KnownPatterns,
    private readonly questions: QuestionVectors,
  ) {}

  async check(action: CheckAction): Promise<CheckResult> {
    const { embedding, embeddingModel = null } = action;
    const vector = embedding === undefined ? await this.questions.ofAction(action.action) : { embedding, model: embeddingModel };
    const near = vector === undefined ? [] : await this.near(vector);
    let known = this.patterns.last;
    for (let attempt = 1; ; attempt++) {
      const matches = await this.match(known, action, near);
      // What was matched against is a moment old. That it still holds is asked by the statement that writes the check down.
      const result = await this.keep(action, matches, attempt < ATTEMPTS ? known.fingerprint : undefined);
      if (result !== undefined) return result;
      known = await this.patterns.refresh();
    }
  }

  /** @throws AppError `not_found` */
  async get(id: string): Promise<CheckOutcome> {
    const [check] = await this.database.query<CheckOutcome>(`SELECT ${CHECK_COLUMNS} FROM coding_rule2.mistake_checks WHERE id = $1`, [id]);
    if (check === undefined) throw notFound();
    return check;
  }

  /** @throws AppError `not_found` */
  async report(id: string, { heeded, mistakeHappened, detail }: ReportOutcome): Promise<CheckOutcome> {
    const [outcome] = await this.database.query<CheckOutcome>(
      `UPDATE coding_rule2.mistake_checks SET heeded = $2, mistake_happened = $3, outcome_detail = $4, outcome_at = clock_timestamp()
        WHERE id = $1
       RETURNING ${CHECK_COLUMNS}`,
      [id, heeded, mistakeHappened, detail ?? null],
    );
    if (outcome === undefined) throw notFound();
    return outcome;
  }

  async effectiveness(): Promise<Effectiveness> {
    const items = await this.database.query<PatternEffectiveness>(
      `SELECT *, prevented::float8 / nullif(prevented + happened, 0) AS effectiveness, "falseAlarms"::float8 / nullif(reported, 0) AS "falseAlarmRate"
         FROM (SELECT p.pattern_type AS "patternType", count(*)::int AS matched, count(c.outcome_at)::int AS reported,
                      (count(*) FILTER (WHERE c.heeded))::int AS heeded,
                      (count(*) FILTER (WHERE c.heeded AND NOT c.mistake_happened))::int AS prevented,
                      (count(*) FILTER (WHERE c.mistake_happened))::int AS happened,
                      (count(*) FILTER (WHERE NOT c.heeded AND NOT c.mistake_happened))::int AS "falseAlarms"
                 FROM coding_rule2.mistake_check_matches m
                 JOIN coding_rule2.mistake_checks c ON c.id = m.check_id
                 JOIN coding_rule2.mistake_patterns p ON p.id = m.pattern_id
                GROUP BY p.pattern_type) counted
        ORDER BY matched DESC, "patternType" LIMIT 1000`,
    );
    const [missed] = await this.database.query<{ missed: number }>(
      `SELECT count(*)::int AS missed FROM coding_rule2.mistake_checks WHERE verdict = 'allow' AND mistake_happened`,
    );
    return { items, missed: missed?.missed ?? 0 };
  }

  private near({ embedding, model }: { embedding: Float32Array; model: string | null }): Promise<{ id: string; similarity: number }[]> {
    return this.database.query(
      `SELECT id, 1 - (vector_embedding <=> $1) AS similarity FROM coding_rule2.mistake_patterns
        WHERE vector_embedding IS NOT NULL AND embedding_model IS NOT DISTINCT FROM $3 AND 1 - (vector_embedding <=> $1) >= $2`,
      [vectorToBinary(embedding), SIMILAR_EMBEDDING, model],
    );
  }

  private async match(known: PatternsThen, { action, context }: CheckAction, near: readonly { id: string; similarity: number }[]): Promise<Match[]> {
    const reasons = await known.rules.reasons(action, context);
    if (near.length > 0) {
      const places = new Map(known.patterns.map(({ id }, place) => [id, place]));
      for (const { id, similarity } of near) {
        const place = places.get(id);
        if (place !== undefined) reasons.set(place, [...(reasons.get(place) ?? []), { kind: 'embedding', similarity }]);
      }
    }
    const rank = ({ severity }: KnownPattern) => SEVERITIES.indexOf(severity);
    return [...reasons]
      .map(([place, why]) => ({ ...known.patterns[place]!, reasons: why }))
      .sort((a, b) => rank(b) - rank(a) || b.occurrences - a.occurrences || (a.patternType < b.patternType ? -1 : 1))
      .slice(0, MOST_MATCHES);
  }

  /**
   * Writes a check down and says when the patterns that matched happened before, in one round trip.
   * @param fingerprint what the patterns must still be like; undefined where that no longer matters
   * @returns undefined, and nothing written, where they are not
   */
  private async keep({ action, context, sessionId }: CheckAction, matches: readonly Match[], fingerprint: string | undefined): Promise<CheckResult | undefined> {
    const verdict = verdictOf(matches);
    const [row] = await this.database.query<{ id: string; createdAt: Date; past: Record<string, Past[]> }>(
      `WITH asked AS (
         INSERT INTO coding_rule2.mistake_checks (id, session_id, action, context, verdict)
         SELECT $1::uuid, $2, $3, $4, $5 WHERE $8::text IS NULL OR $8 = ${FINGERPRINT}
         RETURNING id, created_at
       ), matched AS (
         INSERT INTO coding_rule2.mistake_check_matches (check_id, pattern_id, reasons)
         SELECT asked.id, m.pattern_id, m.reasons FROM asked, unnest($6::uuid[], $7::jsonb[]) AS m (pattern_id, reasons)
          WHERE EXISTS (SELECT FROM coding_rule2.mistake_patterns p WHERE p.id = m.pattern_id)
       )
       SELECT id, created_at AS "createdAt",
              (SELECT coalesce(json_object_agg(p.id, o.occurrences), '{}') FROM unnest($6::uuid[]) AS p (id),
                      LATERAL (SELECT json_agg(o) AS occurrences
                                 FROM (SELECT occurred_at AS "occurredAt", session_id AS "sessionId", detail FROM coding_rule2.mistake_occurrences
                                        WHERE pattern_id = p.id ORDER BY occurred_at DESC LIMIT ${PAST_OCCURRENCES}) o) o
                WHERE o.occurrences IS NOT NULL) AS past
         FROM asked`,
      [newId(), sessionId ?? null, action, context ?? null, verdict, matches.map(({ id }) => id), matches.map(({ reasons }) => JSON.stringify(reasons)), fingerprint ?? null],
    );
    if (row === undefined) return undefined;
    const pastOf = (id: string) => (row.past[id] ?? []).map((past) => ({ ...past, occurredAt: new Date(past.occurredAt) }));
    return { id: row.id, verdict, matches: matches.map(({ id, ...match }) => ({ ...match, reasons: match.reasons.map((reason) => ({ ...reason })), pastOccurrences: pastOf(id) })), createdAt: row.createdAt };
  }
}

function verdictOf(matches: readonly Match[]): Verdict {
  if (matches.length === 0) return 'allow';
  return matches.some(({ severity }) => severity === 'high' || severity === 'critical') ? 'block' : 'warn';
}
