import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The last look of each rule. A later look locks the row, so an older one that comes too late changes nothing. */
@Entity({ schema: 'monitoring', name: 'alert_evaluations' })
export class RuleEvaluation {
  @PrimaryColumn({ name: 'rule_id', type: 'varchar', length: 60 })
  ruleId!: string;

  @Column({ name: 'evaluated_at', type: 'timestamptz' })
  evaluatedAt!: Date;

  /** Since when there has been no gap between one look and the next. */
  @Column({ name: 'steady_since', type: 'timestamptz' })
  steadySince!: Date;

  @Column({ name: 'duration_ms', type: 'double precision' })
  durationMs!: number;

  /** Why the rule itself failed; null where it did not. */
  @Column({ type: 'text', nullable: true })
  error!: string | null;
}
