import { Injectable } from '@nestjs/common';
import { newId } from '../../../database/new-id.js';
import { invalidFields, type FieldError } from '../../../errors/app-error.js';
import { ruleProblems } from '../checks/pattern-rules.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import type { CataloguedPattern, ExportedPattern, ImportedCatalogue } from './catalogue.dto.js';

/** A team's whole list of mistakes, in and out. */
@Injectable()
export class CatalogueService {
  constructor(private readonly database: CodingRule2Database) {}

  /** Every pattern without its occurrences: what another deployment needs to know. */
  export(): Promise<ExportedPattern[]> {
    return this.database.query<ExportedPattern>(
      `SELECT pattern_type AS "patternType", pattern_description AS "patternDescription", pattern_data AS "patternData",
              prevention_actions AS "preventionActions"
         FROM coding_rule2.mistake_patterns ORDER BY pattern_type LIMIT 10000`,
    );
  }

  /**
   * Describes every pattern given, in one statement: all or none. Occurrences stay as they are.
   * @throws AppError `validation_failed` for a rule that can't be used and for a name that stands there twice
   */
  async import(patterns: readonly CataloguedPattern[]): Promise<ImportedCatalogue> {
    const problems = problemsIn(patterns);
    if (problems.length > 0) throw invalidFields(problems.slice(0, 20));
    // In the order of names, so that two imports at once don't wait for each other in a circle.
    const sorted = [...patterns].sort((a, b) => (a.patternType < b.patternType ? -1 : 1));
    const rows = await this.database.query<{ isNew: boolean }>(
      `INSERT INTO coding_rule2.mistake_patterns AS p (id, pattern_type, pattern_description, pattern_data, prevention_actions)
       SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::jsonb[], $5::jsonb[])
       ON CONFLICT (pattern_type) DO UPDATE
          SET pattern_description = excluded.pattern_description, pattern_data = excluded.pattern_data,
              prevention_actions = excluded.prevention_actions
       RETURNING xmax = 0 AS "isNew"`,
      [
        sorted.map(() => newId()),
        sorted.map((pattern) => pattern.patternType),
        sorted.map((pattern) => pattern.patternDescription),
        sorted.map((pattern) => JSON.stringify(pattern.patternData)),
        sorted.map((pattern) => (pattern.preventionActions ? JSON.stringify(pattern.preventionActions) : null)),
      ],
    );
    const created = rows.filter(({ isNew }) => isNew).length;
    return { created, updated: rows.length - created };
  }
}

function problemsIn(patterns: readonly CataloguedPattern[]): FieldError[] {
  const names = new Set<string>();
  return patterns.flatMap(({ patternType, patternData }, at) => {
    const twice = names.has(patternType);
    names.add(patternType);
    const rules = ruleProblems(patternData).map(({ pointer, detail }) => ({ pointer: `/patterns/${at}/patternData${pointer}`, detail }));
    return twice ? [...rules, { pointer: `/patterns/${at}/patternType`, detail: 'must not stand there twice' }] : rules;
  });
}
