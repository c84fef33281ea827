import { BooleanField, InstantField, OneOfField, TextField } from '../../../http/fields.js';
import { IsAfter, TimeRangeQuery } from '../../../http/paging.js';
import { Shown } from '../../../http/shown.js';
import { SEVERITY_LEVELS, type SeverityLevel } from './violation.entity.js';

const TEXT_MAX = 1_000_000;

export class RecordViolation {
  @TextField({ description: 'Which rule was broken.', example: 'honesty', max: 50 })
  violationType!: string;

  @TextField({ description: 'How it was broken.', example: 'Claimed to have run the tests', max: 10_000 })
  violationDescription!: string;

  @TextField({ description: 'What the assistant said.', example: 'All tests pass.', min: 0, max: TEXT_MAX })
  originalResponse!: string;

  @TextField({ description: 'What it should have said.', example: 'I have not run the tests yet.', min: 0, max: TEXT_MAX, optional: true, nullable: true })
  correctedResponse?: string | null;

  @OneOfField({ description: 'How bad it was.', example: 'high', values: SEVERITY_LEVELS })
  severityLevel!: SeverityLevel;

  @BooleanField({ description: 'Whether it was corrected before anybody saw it.', example: true, default: false })
  autoCorrected!: boolean;

  @TextField({ description: 'The session that it happened in.', example: 'session-42', max: 100, optional: true, nullable: true })
  sessionId?: string | null;

  @TextField({ description: 'The mistake pattern that it is a case of; one that is known.', example: 'claimed-tests-passed', max: 50, optional: true, nullable: true })
  patternType?: string | null;
}

/** What is given replaces what is known; what is absent stays. */
export class CorrectViolation {
  @TextField({ description: 'What the assistant should have said.', example: 'I have not run the tests yet.', min: 0, max: TEXT_MAX, optional: true, nullable: true })
  correctedResponse?: string | null;

  @BooleanField({ description: 'Whether it was corrected before anybody saw it.', example: true, optional: true })
  autoCorrected?: boolean;
}

export class ListViolations extends TimeRangeQuery {
  @TextField({ description: 'Only this rule.', example: 'honesty', max: 50, optional: true })
  violationType?: string;

  @OneOfField({ description: 'Only this severity.', example: 'high', values: SEVERITY_LEVELS, optional: true })
  severityLevel?: SeverityLevel;

  @TextField({ description: 'Only this session.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @TextField({ description: 'Only cases of this mistake pattern.', example: 'claimed-tests-passed', max: 50, optional: true })
  patternType?: string;

  @BooleanField({ description: 'Only those with a corrected text beside the original, or only those without.', example: true, optional: true })
  corrected?: boolean;
}

export class SummariseViolations {
  @InstantField({ description: 'From this time on.', example: '2026-11-01T00:00:00Z', optional: true })
  since?: Date;

  @InstantField({ description: 'Before this time.', example: '2026-12-01T00:00:00Z', optional: true })
  @IsAfter('since')
  until?: Date;
}

export class ViolationCount {
  @Shown({ as: 'text', description: 'The rule, the severity, or the day in UTC.', example: 'honesty' })
  key!: string;

  @Shown({ as: 'integer', description: 'How many.', example: 4 })
  count!: number;
}

export class AutoCorrection {
  @Shown({ as: 'text', description: 'The rule, the severity, or the ISO week in UTC (2026-W48).', example: 'honesty' })
  key!: string;

  @Shown({ as: 'integer', description: 'How many.', example: 4 })
  count!: number;

  @Shown({ as: 'integer', description: 'How many of them were corrected automatically.', example: 3 })
  autoCorrectedCount!: number;

  @Shown({ as: 'number', description: 'Their share, 0 to 1.', example: 0.75 })
  autoCorrectionRate!: number;
}

export class Recurrence {
  @Shown({ as: 'text', description: 'The rule.', example: 'honesty' })
  key!: string;

  @Shown({ as: 'integer', description: 'How often it was broken.', example: 4 })
  count!: number;

  @Shown({ as: 'integer', description: 'In how many sessions; those of which none is known are one.', example: 3 })
  sessionCount!: number;

  @Shown({ as: 'integer', description: 'On how many days (UTC).', example: 2 })
  dayCount!: number;

  @Shown({ as: 'integer', description: 'How often it was broken again after a violation of it that has a corrected text.', example: 2 })
  recurredAfterCorrection!: number;

  @Shown({ as: 'number', description: 'Mean time from one to the next, in seconds.', example: 86_400 })
  meanSecondsBetween!: number;

  @Shown({ as: 'instant', description: 'The first.', example: '2026-11-02T09:00:00.000Z' })
  firstAt!: Date;

  @Shown({ as: 'instant', description: 'The last.', example: '2026-11-24T09:00:00.000Z' })
  lastAt!: Date;
}

export class ViolationSummary {
  @Shown({ as: 'integer', description: 'How many in all.', example: 12 })
  total!: number;

  @Shown({ as: 'integer', description: 'How many of them were corrected automatically.', example: 9 })
  autoCorrectedCount!: number;

  @Shown({ as: 'number', description: 'Their share, 0 to 1; 0 where there are none.', example: 0.75 })
  autoCorrectionRate!: number;

  @Shown({ as: () => ViolationCount, list: true, description: 'By rule, most first.' })
  byType!: ViolationCount[];

  @Shown({ as: () => ViolationCount, list: true, description: 'By severity, worst first; those that did not occur are left out.' })
  bySeverity!: ViolationCount[];

  @Shown({ as: () => ViolationCount, list: true, description: 'By day (YYYY-MM-DD, UTC), oldest first; days without are left out.' })
  byDay!: ViolationCount[];

  @Shown({ as: () => AutoCorrection, list: true, description: 'How many of each rule were corrected automatically, in the order of `byType`.' })
  autoCorrectionByType!: AutoCorrection[];

  @Shown({ as: () => AutoCorrection, list: true, description: 'Of each severity, worst first.' })
  autoCorrectionBySeverity!: AutoCorrection[];

  @Shown({ as: () => AutoCorrection, list: true, description: 'Of each week, oldest first; weeks without are left out.' })
  autoCorrectionByWeek!: AutoCorrection[];

  @Shown({ as: () => Recurrence, list: true, description: 'Rules that were broken more than once, most often first.' })
  recurrence!: Recurrence[];
}
