import { Column, Entity, Index, JoinColumn, ManyToOne, PrimaryGeneratedColumn, type Relation } from 'typeorm';
import { Shown } from '../../../http/shown.js';
import { Memory } from './memory.entity.js';

/** A memory that another one says as well: it was merged into that one, and is kept here as it was. */
@Entity({ schema: 'coding_rule2', name: 'memory_sources' })
@Index('memory_sources_kept_memory_id_idx', ['keptMemoryId'])
@Index('memory_sources_session_id_idx', ['sessionId'])
export class MemorySource {
  @Shown({ as: 'uuid', description: 'The id that it had as a memory.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'uuid', description: 'The memory that it was merged into.' })
  @Column({ name: 'kept_memory_id', type: 'uuid' })
  keptMemoryId!: string;

  @ManyToOne(() => Memory, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'kept_memory_id', foreignKeyConstraintName: 'memory_sources_kept_memory_id_fkey' })
  keptMemory?: Relation<Memory>;

  @Shown({ as: 'text', description: 'The session that remembered it.', example: 'session-42' })
  @Column({ name: 'session_id', type: 'varchar', length: 100 })
  sessionId!: string;

  @Shown({ as: 'text', description: 'What kind of memory it was.', example: 'decision' })
  @Column({ name: 'memory_type', type: 'varchar', length: 50 })
  memoryType!: string;

  @Shown({ as: 'json', description: 'What was remembered, unchanged.', example: { text: 'Migrations are written by hand!' } })
  @Column({ name: 'memory_content', type: 'jsonb' })
  memoryContent!: Record<string, unknown>;

  @Shown({ as: 'integer', description: 'How much it was worth keeping, 1 to 10.', example: 6 })
  @Column({ name: 'retention_priority', type: 'integer' })
  retentionPriority!: number;

  @Shown({ as: 'instant', nullable: true, description: 'When it was to be forgotten; null for never.', example: null })
  @Column({ name: 'expires_at', type: 'timestamptz', nullable: true })
  expiresAt!: Date | null;

  @Shown({ as: 'instant', description: 'When it was recorded.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;

  @Shown({ as: 'number', description: 'How much its text is like that of the memory that was kept: 1 is the same.', example: 0.94 })
  @Column({ type: 'double precision' })
  similarity!: number;

  @Shown({ as: 'instant', description: 'When it was merged.', example: '2026-11-24T10:00:00.000Z' })
  @Column({ name: 'merged_at', type: 'timestamptz', default: () => 'now()' })
  mergedAt!: Date;
}
