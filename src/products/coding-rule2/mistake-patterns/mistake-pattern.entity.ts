import { Check, Column, Entity, Index, PrimaryGeneratedColumn, Unique } from 'typeorm';
import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { Shown } from '../../../http/shown.js';

/** A kind of mistake that the assistant makes, and how often it has. */
@Entity({ schema: 'coding_rule2', name: 'mistake_patterns' })
@Unique('mistake_patterns_pattern_type_key', ['patternType'])
@Check('mistake_patterns_occurrences_check', 'occurrences >= 0')
@Index('mistake_patterns_occurrences_idx', ['occurrences', 'id'])
export class MistakePattern {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'Its name.', example: 'claimed-tests-passed' })
  @Column({ name: 'pattern_type', type: 'varchar', length: 50 })
  patternType!: string;

  @Shown({ as: 'text', description: 'What goes wrong, in words; empty until somebody describes it.', example: 'Says that tests pass without having run them' })
  @Column({ name: 'pattern_description', type: 'text' })
  patternDescription!: string;

  @Shown({ as: 'json', description: 'What else there is to know about it.', example: { severity: 'high' } })
  @Column({ name: 'pattern_data', type: 'jsonb' })
  patternData!: Record<string, unknown>;

  @Shown({ as: 'integer', description: 'How often it has been recorded.', example: 7 })
  @Column({ type: 'integer', default: 0 })
  occurrences!: number;

  @Shown({ as: 'instant', nullable: true, description: 'When it was last recorded.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'last_occurrence', type: 'timestamptz', nullable: true })
  lastOccurrence!: Date | null;

  @Shown({ as: 'text', list: true, nullable: true, description: 'What to do so that it does not happen again.', example: ['Run the tests and quote the last line'] })
  @Column({ name: 'prevention_actions', type: 'jsonb', nullable: true })
  preventionActions!: string[] | null;

  @Shown({ as: 'instant', description: 'When it became known.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'vector_embedding', type: 'vector', length: EMBEDDING_DIMENSIONS, nullable: true, select: false })
  embedding?: number[] | null;

  @Column({ name: 'embedding_model', type: 'varchar', length: 100, nullable: true, select: false })
  embeddingModel?: string | null;

  /** A hash of the text that the vector was computed from; null where a client brought it. */
  @Column({ name: 'embedded_text', type: 'bigint', nullable: true, select: false })
  embeddedText?: string | null;
}
