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
}

export class ListViolations extends TimeRangeQuery {
  @TextField({ description: 'Only this rule.', example: 'honesty', max: 50, optional: true })
  violationType?: string;

  @OneOfField({ description: 'Only this severity.', example: 'high', values: SEVERITY_LEVELS, optional: true })
  severityLevel?: SeverityLevel;
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
}
