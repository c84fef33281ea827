import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { Shown } from '../http/shown.js';
import { SEVERITIES, type Severity } from './rules/alert-rule.js';

export const ALERT_STATES = ['pending', 'firing', 'resolved'] as const;
export type AlertState = (typeof ALERT_STATES)[number];

/** Why it is open: the rule is broken, nothing could be seen, or the rule itself failed. */
export const ALERT_CONDITIONS = ['breached', 'no_data', 'error'] as const;
export type AlertCondition = (typeof ALERT_CONDITIONS)[number];

/** One stretch of time in which a rule was broken. At most one is open for a rule, product and subject; resolved ones are the history. */
@Entity({ schema: 'monitoring', name: 'alerts' })
@Check('alerts_severity_check', `severity IN ('warning', 'critical')`)
@Check('alerts_state_check', `state IN ('pending', 'firing', 'resolved')`)
@Check('alerts_condition_check', `condition IN ('breached', 'no_data', 'error')`)
@Index('alerts_open_key', ['fingerprint'], { unique: true, where: `state <> 'resolved'` })
@Index('alerts_started_at_idx', ['startedAt', 'id'])
@Index('alerts_product_id_started_at_idx', ['productId', 'startedAt'])
export class Alert {
  @Shown({ as: 'uuid', description: 'The alert.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'The same for every alert of this rule, product and subject.', example: '5b1c0c9d2f3e4a67' })
  @Column({ type: 'varchar', length: 16 })
  fingerprint!: string;

  @Shown({ as: 'text', description: 'The rule.', example: 'record-count-low' })
  @Column({ name: 'rule_id', type: 'varchar', length: 60 })
  ruleId!: string;

  @Shown({ as: 'text', nullable: true, description: 'The product; null for the deployment as a whole.', example: 'coding_rule2' })
  @Column({ name: 'product_id', type: 'varchar', length: 50, nullable: true })
  productId!: string | null;

  @Shown({ as: 'text', description: 'What it is about within the product, e.g. a worker; often empty.', example: '' })
  @Column({ type: 'varchar', length: 100, default: '' })
  subject!: string;

  @Shown({ as: SEVERITIES, description: 'How bad it is.', example: 'warning' })
  @Column({ type: 'varchar', length: 20 })
  severity!: Severity;

  @Shown({ as: ALERT_STATES, description: 'Pending until it has held long enough, then firing, then resolved.', example: 'firing' })
  @Column({ type: 'varchar', length: 20 })
  state!: AlertState;

  @Shown({ as: ALERT_CONDITIONS, description: 'Why: the rule is broken, nothing could be seen, or the rule itself failed.', example: 'breached' })
  @Column({ type: 'varchar', length: 20 })
  condition!: AlertCondition;

  @Shown({ as: 'text', description: 'What is, and what was expected.', example: '12 records, fewer than 100.' })
  @Column({ type: 'text' })
  message!: string;

  @Shown({ as: 'number', nullable: true, description: "The figure, in the rule's unit.", example: 12 })
  @Column({ type: 'double precision', nullable: true })
  value!: number | null;

  @Shown({ as: 'instant', description: 'Since when it holds.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'started_at', type: 'timestamptz', default: () => 'now()' })
  startedAt!: Date;

  @Shown({ as: 'instant', nullable: true, description: 'When it had held long enough.', example: '2026-11-24T09:05:00.000Z' })
  @Column({ name: 'fired_at', type: 'timestamptz', nullable: true })
  firedAt!: Date | null;

  @Shown({ as: 'instant', nullable: true, description: 'When it was over.', example: null })
  @Column({ name: 'resolved_at', type: 'timestamptz', nullable: true })
  resolvedAt!: Date | null;

  @Shown({ as: 'instant', description: 'When the rule was last looked at.', example: '2026-11-24T09:10:00.000Z' })
  @Column({ name: 'evaluated_at', type: 'timestamptz', default: () => 'now()' })
  evaluatedAt!: Date;

  @Shown({ as: 'instant', nullable: true, description: 'When somebody took it on; it is not repeated from then on.', example: null })
  @Column({ name: 'acknowledged_at', type: 'timestamptz', nullable: true })
  acknowledgedAt!: Date | null;

  @Shown({ as: 'text', nullable: true, description: 'Who took it on.', example: null })
  @Column({ name: 'acknowledged_by', type: 'varchar', length: 120, nullable: true })
  acknowledgedBy!: string | null;

  @Shown({ as: 'text', nullable: true, description: 'What they said about it.', example: null })
  @Column({ name: 'acknowledgement', type: 'varchar', length: 500, nullable: true })
  acknowledgement!: string | null;

  @Shown({ as: 'instant', nullable: true, description: 'When it was last handed to the notifications.', example: '2026-11-24T09:05:00.000Z' })
  @Column({ name: 'notified_at', type: 'timestamptz', nullable: true })
  notifiedAt!: Date | null;

  /** How often its firing was told: makes each telling's key. */
  @Column({ type: 'integer', default: 0 })
  notifications!: number;

  /** When an Alertmanager was last reminded that it holds. */
  @Column({ name: 'pushed_at', type: 'timestamptz', nullable: true })
  pushedAt!: Date | null;
}
