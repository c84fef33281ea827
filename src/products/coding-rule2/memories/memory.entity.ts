import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { Shown } from '../../../http/shown.js';

/** Something that a session hands on to those after it. */
@Entity({ schema: 'coding_rule2', name: 'memory_inheritance' })
@Check('memory_inheritance_retention_priority_check', 'retention_priority BETWEEN 1 AND 10')
@Index('memory_inheritance_session_id_created_at_idx', ['sessionId', 'createdAt', 'id'])
@Index('memory_inheritance_created_at_idx', ['createdAt', 'id'])
@Index('memory_inheritance_expires_at_idx', ['expiresAt'], { where: 'expires_at IS NOT NULL' })
@Index('memory_inheritance_text_no_idx', ['textNo'], { unique: true })
@Index('memory_inheritance_unembedded_idx', ['textNo'], { where: 'vector_embedding IS NULL' })
// An HNSW index, which TypeORM can't describe: the migration makes it.
@Index('memory_inheritance_vector_embedding_idx', { synchronize: false })
export class Memory {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'The session that remembers.', example: 'session-42' })
  @Column({ name: 'session_id', type: 'varchar', length: 100 })
  sessionId!: string;

  @Shown({ as: 'text', description: 'What kind of memory it is.', example: 'decision' })
  @Column({ name: 'memory_type', type: 'varchar', length: 50 })
  memoryType!: string;

  @Shown({ as: 'json', description: 'What is remembered.', example: { text: 'Migrations are written by hand.' } })
  @Column({ name: 'memory_content', type: 'jsonb' })
  memoryContent!: Record<string, unknown>;

  @Shown({ as: 'integer', description: 'How much it is worth keeping, 1 to 10; 10 is kept longest.', example: 8 })
  @Column({ name: 'retention_priority', type: 'integer', default: 5 })
  retentionPriority!: number;

  @Shown({ as: 'instant', nullable: true, description: 'When it is forgotten; null for never.', example: null })
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  @Shown({ as: 'instant', description: 'When it was recorded.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  @Column({ name: 'vector_embedding', type: 'vector', length: EMBEDDING_DIMENSIONS, nullable: true, select: false })
  embedding?: number[] | null;

  @Column({ name: 'embedding_model', type: 'varchar', length: 100, nullable: true, select: false })
  embeddingModel?: string | null;

  /** Its place in the index of words; a row that is given a new one is indexed anew. */
  @Column({ name: 'text_no', type: 'bigint', generated: 'identity', generatedIdentity: 'BY DEFAULT', select: false })
  textNo?: string;
}
