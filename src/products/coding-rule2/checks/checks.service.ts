import { Injectable } from '@nestjs/common';
import { newId } from '../../../database/new-id.js';
import { vectorToBinary } from '../../../database/vector.js';
import { AppError, notFound } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import type { CheckAction, CheckOutcome, CheckResult, Effectiveness, MatchedPattern, PatternEffectiveness, ReportOutcome } from './check.dto.js';
import { KnownPatterns } from './known-patterns.js';
import type { Verdict } from './mistake-check.entity.js';
import { checkedText, type Reason } from './pattern-matcher.js';
import { SEVERITIES, severityOf } from './pattern-rules.js';

/** From this cosine similarity on, an action is what a pattern's embedding stands for. */
const SIMILAR_EMBEDDING = 0.85;
/** Matches that one answer tells of, the most severe first. */
const MOST_MATCHES = 50;

const CHECK_COLUMNS = `id, verdict, action, session_id AS "sessionId", heeded, mistake_happened AS "mistakeHappened", outcome_detail AS detail,
  outcome_at AS "outcomeAt", created_at AS "createdAt"`;

interface Described extends Omit<MatchedPattern, 'severity' | 'reasons'> {
  id: string;
  patternData: Record<string, unknown>;
}

/** Advises before an action, and remembers what came of it. */
@Injectable()
export class ChecksService {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly patterns: KnownPatterns,
  ) {}

  async check({ action, context, sessionId, embedding }: CheckAction): Promise<CheckResult> {
    const checked = checkedText(action, context);
    const reasons = new Map<string, Reason[]>();
    for (const { id, matcher } of await this.patterns.all()) {
      const why = matcher.reasons(checked);
      if (why.length > 0) reasons.set(id, why);
    }
    if (embedding !== undefined) {
      for (const { id, similarity } of await this.near(embedding)) reasons.set(id, [...(reasons.get(id) ?? []), { kind: 'embedding', similarity }]);
    }
    const matches = await this.describe(reasons);
    const verdict = verdictOf(matches);
    const { id, createdAt } = await this.keep({ action, context: context ?? null, sessionId: sessionId ?? null, verdict }, matches);
    return { id, verdict, matches: matches.map(({ id: _, ...match }) => match), createdAt };
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

  private near(embedding: Float32Array): Promise<{ id: string; similarity: number }[]> {
    return this.database.query(
      `SELECT id, 1 - (vector_embedding <=> $1) AS similarity FROM coding_rule2.mistake_patterns
        WHERE vector_embedding IS NOT NULL AND 1 - (vector_embedding <=> $1) >= $2`,
      [vectorToBinary(embedding), SIMILAR_EMBEDDING],
    );
  }

  private async describe(reasons: ReadonlyMap<string, Reason[]>): Promise<(MatchedPattern & { id: string })[]> {
    if (reasons.size === 0) return [];
    const rows = await this.database.query<Described>(
      `SELECT p.id, p.pattern_type AS "patternType", p.pattern_description AS "patternDescription", p.pattern_data AS "patternData",
              coalesce(p.prevention_actions, '[]') AS "preventionActions", p.occurrences, p.last_occurrence AS "lastOccurrence",
              coalesce((SELECT json_agg(o) FROM (SELECT occurred_at AS "occurredAt", session_id AS "sessionId", detail FROM coding_rule2.mistake_occurrences
                                                  WHERE pattern_id = p.id ORDER BY occurred_at DESC LIMIT 3) o), '[]') AS "pastOccurrences"
         FROM coding_rule2.mistake_patterns p WHERE p.id = ANY ($1::uuid[])`,
      [[...reasons.keys()]],
    );
    const matches = rows.map(({ patternData, pastOccurrences, ...row }) => ({
      ...row,
      severity: severityOf(patternData),
      reasons: (reasons.get(row.id) ?? []).map((reason) => ({ ...reason })) as MatchedPattern['reasons'],
      pastOccurrences: pastOccurrences.map((past) => ({ ...past, occurredAt: new Date(past.occurredAt) })),
    }));
    const rank = (match: MatchedPattern) => SEVERITIES.indexOf(match.severity);
    return matches.sort((a, b) => rank(b) - rank(a) || b.occurrences - a.occurrences).slice(0, MOST_MATCHES);
  }

  private async keep(check: { action: string; context: string | null; sessionId: string | null; verdict: Verdict }, matches: readonly (MatchedPattern & { id: string })[]): Promise<{ id: string; createdAt: Date }> {
    const [row] = await this.database.query<{ id: string; createdAt: Date }>(
      `WITH asked AS (
         INSERT INTO coding_rule2.mistake_checks (id, session_id, action, context, verdict) VALUES ($1, $2, $3, $4, $5)
         RETURNING id, created_at
       ), matched AS (
         INSERT INTO coding_rule2.mistake_check_matches (check_id, pattern_id, reasons)
         SELECT asked.id, m.pattern_id, m.reasons FROM asked, unnest($6::uuid[], $7::jsonb[]) AS m (pattern_id, reasons)
          WHERE EXISTS (SELECT FROM coding_rule2.mistake_patterns p WHERE p.id = m.pattern_id)
       )
       SELECT id, created_at AS "createdAt" FROM asked`,
      [newId(), check.sessionId, check.action, check.context, check.verdict, matches.map((match) => match.id), matches.map((match) => JSON.stringify(match.reasons))],
    );
    if (row === undefined) throw new AppError('internal', 'The check was not recorded.');
    return row;
  }
}

function verdictOf(matches: readonly MatchedPattern[]): Verdict {
  if (matches.length === 0) return 'allow';
  return matches.some(({ severity }) => severity === 'high' || severity === 'critical') ? 'block' : 'warn';
}
