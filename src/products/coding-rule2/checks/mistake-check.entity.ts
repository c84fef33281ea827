import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryColumn, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { MistakePattern } from '../mistake-patterns/mistake-pattern.entity.js';

export const VERDICTS = ['allow', 'warn', 'block'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** One time that somebody asked before acting. */
@Entity({ schema: 'coding_rule2', name: 'mistake_checks' })
@Check('mistake_checks_verdict_check', `verdict IN ('allow', 'warn', 'block')`)
@Index('mistake_checks_created_at_idx', ['createdAt', 'id'])
@Index('mistake_checks_session_id_created_at_idx', ['sessionId', 'createdAt'])
export class MistakeCheck {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'session_id', type: 'varchar', length: 100, nullable: true })
  sessionId!: string | null;

  @Column({ type: 'text' })
  action!: string;

  @Column({ type: 'text', nullable: true })
  context!: string | null;

  @Column({ type: 'varchar', length: 10 })
  verdict!: Verdict;

  @Column({ type: 'boolean', nullable: true })
  heeded!: boolean | null;

  @Column({ name: 'mistake_happened', type: 'boolean', nullable: true })
  mistakeHappened!: boolean | null;

  @Column({ name: 'outcome_detail', type: 'text', nullable: true })
  outcomeDetail!: string | null;

  @Column({ name: 'outcome_at', type: 'timestamptz', nullable: true })
  outcomeAt!: Date | null;

  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}

/** A pattern that a check matched, and why. */
@Entity({ schema: 'coding_rule2', name: 'mistake_check_matches' })
@Index('mistake_check_matches_pattern_id_idx', ['patternId'])
export class MistakeCheckMatch {
  @PrimaryColumn({ name: 'check_id', type: 'uuid' })
  checkId!: string;

  @ManyToOne(() => MistakeCheck, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'check_id', foreignKeyConstraintName: 'mistake_check_matches_check_id_fkey' })
  check?: Relation<MistakeCheck>;

  @PrimaryColumn({ name: 'pattern_id', type: 'uuid' })
  patternId!: string;

  @ManyToOne(() => MistakePattern, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'pattern_id', foreignKeyConstraintName: 'mistake_check_matches_pattern_id_fkey' })
  pattern?: Relation<MistakePattern>;

  @Column({ type: 'jsonb' })
  reasons!: unknown[];
}
