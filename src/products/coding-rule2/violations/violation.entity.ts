import { Check, Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { Shown } from '../../../http/shown.js';
import { MistakePattern } from '../mistake-patterns/mistake-pattern.entity.js';

export const SEVERITY_LEVELS = ['low', 'medium', 'high', 'critical'] as const;
export type SeverityLevel = (typeof SEVERITY_LEVELS)[number];

/** An answer that broke the assistant's constitution, and what it was corrected to. */
@Entity({ schema: 'coding_rule2', name: 'constitutional_violations' })
@Check('constitutional_violations_severity_level_check', `severity_level IN ('low', 'medium', 'high', 'critical')`)
@Index('constitutional_violations_created_at_idx', ['createdAt', 'id'])
@Index('constitutional_violations_session_id_idx', ['sessionId'], { where: 'session_id IS NOT NULL' })
@Index('constitutional_violations_pattern_type_idx', ['patternType'], { where: 'pattern_type IS NOT NULL' })
export class Violation {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'Which rule was broken.', example: 'honesty' })
  @Column({ name: 'violation_type', type: 'varchar', length: 50 })
  violationType!: string;

  @Shown({ as: 'text', description: 'How it was broken.', example: 'Claimed to have run the tests' })
  @Column({ name: 'violation_description', type: 'text' })
  violationDescription!: string;

  @Shown({ as: 'text', description: 'What the assistant said.', example: 'All tests pass.' })
  @Column({ name: 'original_response', type: 'text' })
  originalResponse!: string;

  @Shown({ as: 'text', nullable: true, description: 'What it should have said.', example: 'I have not run the tests yet.' })
  @Column({ name: 'corrected_response', type: 'text', nullable: true })
  correctedResponse!: string | null;

  @Shown({ as: SEVERITY_LEVELS, description: 'How bad it was.', example: 'high' })
  @Column({ name: 'severity_level', type: 'varchar', length: 20 })
  severityLevel!: SeverityLevel;

  @Shown({ as: 'boolean', description: 'Whether it was corrected before anybody saw it.', example: true })
  @Column({ name: 'auto_corrected', type: 'boolean', default: false })
  autoCorrected!: boolean;

  @Shown({ as: 'text', nullable: true, description: 'The session that it happened in, if known.', example: 'session-42' })
  @Column({ name: 'session_id', type: 'varchar', length: 100, nullable: true })
  sessionId!: string | null;

  @Shown({ as: 'text', nullable: true, description: 'The mistake pattern that it is a case of, if known.', example: 'claimed-tests-passed' })
  @Column({ name: 'pattern_type', type: 'varchar', length: 50, nullable: true })
  patternType!: string | null;

  @ManyToOne(() => MistakePattern, { onDelete: 'SET NULL', onUpdate: 'CASCADE' })
  @JoinColumn({ name: 'pattern_type', referencedColumnName: 'patternType', foreignKeyConstraintName: 'constitutional_violations_pattern_type_fkey' })
  pattern?: Relation<MistakePattern>;

  @Shown({ as: 'instant', description: 'When it was recorded.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;
}
