import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { Shown } from '../../../http/shown.js';
import { MistakePattern } from './mistake-pattern.entity.js';

/** One time that a mistake happened: written with the count that it adds to. */
@Entity({ schema: 'coding_rule2', name: 'mistake_occurrences' })
@Index('mistake_occurrences_pattern_id_occurred_at_idx', ['patternId', 'occurredAt'])
export class MistakeOccurrence {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'uuid', description: 'The pattern.' })
  @Column({ name: 'pattern_id', type: 'uuid' })
  patternId!: string;

  @ManyToOne(() => MistakePattern, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'pattern_id', foreignKeyConstraintName: 'mistake_occurrences_pattern_id_fkey' })
  pattern?: Relation<MistakePattern>;

  @Shown({ as: 'text', nullable: true, description: 'The session that it happened in.', example: 'session-42' })
  @Column({ name: 'session_id', type: 'varchar', length: 100, nullable: true })
  sessionId!: string | null;

  @Shown({ as: 'text', nullable: true, description: 'What happened.', example: 'Said "all green" after editing two files' })
  @Column({ type: 'text', nullable: true })
  detail!: string | null;

  @Shown({ as: 'instant', description: 'When.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'occurred_at', type: 'timestamptz', default: () => 'now()' })
  occurredAt!: Date;
}
