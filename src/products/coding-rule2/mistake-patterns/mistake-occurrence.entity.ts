import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { MistakePattern } from './mistake-pattern.entity.js';

/** One time that a mistake happened: written with the count that it adds to. */
@Entity({ schema: 'coding_rule2', name: 'mistake_occurrences' })
@Index('mistake_occurrences_pattern_id_occurred_at_idx', ['patternId', 'occurredAt'])
export class MistakeOccurrence {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column({ name: 'pattern_id', type: 'uuid' })
  patternId!: string;

  @ManyToOne(() => MistakePattern, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'pattern_id', foreignKeyConstraintName: 'mistake_occurrences_pattern_id_fkey' })
  pattern?: Relation<MistakePattern>;

  @Column({ name: 'session_id', type: 'varchar', length: 100, nullable: true })
  sessionId!: string | null;

  @Column({ type: 'text', nullable: true })
  detail!: string | null;

  @Column({ name: 'occurred_at', type: 'timestamptz', default: () => 'now()' })
  occurredAt!: Date;
}
