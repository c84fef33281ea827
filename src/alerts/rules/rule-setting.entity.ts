import { Check, Column, Entity, PrimaryColumn } from 'typeorm';
import type { Severity } from './alert-rule.js';

/** What operators have set for a rule at run time; null leaves it as it is otherwise. */
@Entity({ schema: 'monitoring', name: 'alert_rule_settings' })
@Check('alert_rule_settings_severity_check', `severity IN ('warning', 'critical')`)
export class RuleSetting {
  @PrimaryColumn({ name: 'rule_id', type: 'varchar', length: 60 })
  ruleId!: string;

  /** `*`: for all products that say nothing of their own. */
  @PrimaryColumn({ name: 'product_id', type: 'varchar', length: 50 })
  productId!: string;

  @Column({ type: 'boolean', nullable: true })
  enabled!: boolean | null;

  @Column({ type: 'varchar', length: 20, nullable: true })
  severity!: Severity | null;

  @Column({ name: 'for_seconds', type: 'integer', nullable: true })
  forSeconds!: number | null;

  @Column({ name: 'repeat_seconds', type: 'integer', nullable: true })
  repeatSeconds!: number | null;

  @Column({ type: 'double precision', nullable: true })
  threshold!: number | null;

  @Column({ name: 'set_at', type: 'timestamptz', default: () => 'now()' })
  setAt!: Date;
}
