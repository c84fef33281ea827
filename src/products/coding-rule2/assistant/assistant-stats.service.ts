import { Injectable } from '@nestjs/common';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { NOT_EXPIRED } from '../memories/memories.service.js';
import { MistakePatternsService } from '../mistake-patterns/mistake-patterns.service.js';
import type { AssistantStats } from './assistant.dto.js';

/** How much there is, in one look. */
@Injectable()
export class AssistantStatsService {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly patterns: MistakePatternsService,
  ) {}

  async read(topMistakes: number): Promise<AssistantStats> {
    const [counts] = await this.database.query<Omit<AssistantStats, 'topMistakes'>>(
      `SELECT p.patterns AS "mistakePatterns", p.occurrences AS "mistakeOccurrences", v.violations, v.rate AS "autoCorrectionRate",
              (SELECT count(*)::int FROM coding_rule2.conversation_context) AS conversations,
              (SELECT count(*)::int FROM coding_rule2.memory_inheritance WHERE ${NOT_EXPIRED}) AS memories
         FROM (SELECT count(*)::int AS patterns, coalesce(sum(occurrences), 0)::int AS occurrences FROM coding_rule2.mistake_patterns) p,
              (SELECT count(*)::int AS violations, coalesce(avg(auto_corrected::int), 0)::float8 AS rate
                 FROM coding_rule2.constitutional_violations) v`,
    );
    const { items } = await this.patterns.list('occurrences', Math.max(1, topMistakes), undefined);
    return { ...(counts as Omit<AssistantStats, 'topMistakes'>), topMistakes: items.slice(0, topMistakes) };
  }
}
