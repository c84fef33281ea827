import { BooleanField, IntegerField, NumberField, OneOfField } from '../../http/fields.js';
import { Shown } from '../../http/shown.js';
import { SEVERITIES, UNITS, type Severity, type Unit } from './alert-rule.js';

const YEAR_S = 31_536_000;

/** What is absent stays as the manifest or the rule has it. */
export class SetRule {
  @BooleanField({ description: 'Whether it is looked at.', example: true, optional: true })
  enabled?: boolean;

  @OneOfField({ description: 'How bad it is.', example: 'critical', values: SEVERITIES, optional: true })
  severity?: Severity;

  @IntegerField({ description: 'How long it must hold before it is told, seconds.', example: 600, min: 0, max: YEAR_S, optional: true })
  forSeconds?: number;

  @IntegerField({ description: 'How often it is told again while it holds, seconds.', example: 14_400, min: 60, max: YEAR_S, optional: true })
  repeatSeconds?: number;

  @NumberField({ description: "In the rule's unit.", example: 5_000, min: 0, max: 1e18, optional: true })
  threshold?: number;
}

export const SETTING_SOURCES = ['product', 'manifest', 'all', 'default'] as const;

export class RuleState {
  @Shown({ as: 'text', description: 'The rule.', example: 'record-count-low' })
  ruleId!: string;

  @Shown({ as: 'text', description: 'What people call it.', example: 'Few records' })
  title!: string;

  @Shown({ as: 'text', nullable: true, description: 'For which product; null for all that have nothing of their own.', example: 'coding_rule2' })
  productId!: string | null;

  @Shown({ as: 'boolean', description: 'Whether it is looked at.', example: true })
  enabled!: boolean;

  @Shown({ as: SEVERITIES, description: 'How bad it is.', example: 'warning' })
  severity!: Severity;

  @Shown({ as: 'integer', description: 'How long it must hold before it is told, seconds.', example: 300 })
  forSeconds!: number;

  @Shown({ as: 'integer', description: 'How often it is told again while it holds, seconds.', example: 14_400 })
  repeatSeconds!: number;

  @Shown({ as: 'number', nullable: true, description: "In the rule's unit; null where there is none, and the rule rests if it needs one.", example: 100 })
  threshold!: number | null;

  @Shown({ as: UNITS, nullable: true, description: 'What the threshold is counted in; null where the rule takes none.', example: 'rows' })
  unit!: Unit | null;

  @Shown({ as: SETTING_SOURCES, description: 'The nearest place that says something: set for the product, its manifest, set for all, or the rule itself.', example: 'default' })
  source!: (typeof SETTING_SOURCES)[number];

  @Shown({ as: 'instant', nullable: true, description: 'When it was last looked at.', example: '2026-11-24T09:00:00.000Z' })
  evaluatedAt!: Date | null;

  @Shown({ as: 'text', nullable: true, description: 'Why the rule itself failed, if it did.', example: null })
  error!: string | null;
}

export class RuleStates {
  @Shown({ as: () => RuleState, list: true, description: 'Every rule, by id.' })
  items!: RuleState[];
}
