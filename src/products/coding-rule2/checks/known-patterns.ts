import { Injectable } from '@nestjs/common';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { PatternMatcher } from './pattern-matcher.js';

export interface KnownPattern {
  readonly id: string;
  readonly patternType: string;
  readonly matcher: PatternMatcher;
}

interface Row {
  id: string;
  patternType: string;
  /** As text: it tells a changed pattern from one that stayed. */
  data: string;
}

/** Every pattern with its rules ready. Built anew only where a rule has changed, by whatever process or by SQL. */
@Injectable()
export class KnownPatterns {
  private fingerprint: string | undefined;
  private patterns: readonly KnownPattern[] = [];
  private ready = new Map<string, { data: string; matcher: PatternMatcher }>();

  constructor(private readonly database: CodingRule2Database) {}

  async all(): Promise<readonly KnownPattern[]> {
    // Counting occurrences must not make it read everything again, so the rules are looked at and not the rows' versions.
    const [now] = await this.database.query<{ fingerprint: string }>(
      `SELECT count(*) || ' ' || coalesce(sum(jsonb_hash_extended(pattern_data, 0)::numeric + hashtextextended(pattern_type || id::text, 0)), 0) AS fingerprint
         FROM coding_rule2.mistake_patterns`,
    );
    if (now?.fingerprint === this.fingerprint) return this.patterns;
    const rows = await this.database.query<Row>(
      `SELECT id, pattern_type AS "patternType", pattern_data::text AS data FROM coding_rule2.mistake_patterns ORDER BY pattern_type`,
    );
    const ready = new Map<string, { data: string; matcher: PatternMatcher }>();
    this.patterns = rows.map(({ id, patternType, data }) => {
      const before = this.ready.get(id);
      const matcher = before?.data === data ? before.matcher : new PatternMatcher(JSON.parse(data) as Record<string, unknown>);
      ready.set(id, { data, matcher });
      return { id, patternType, matcher };
    });
    this.ready = ready;
    this.fingerprint = now?.fingerprint;
    return this.patterns;
  }
}
