import { Check, Column, Entity, Index, PrimaryGeneratedColumn } from 'typeorm';
import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { Shown } from '../../../http/shown.js';

/** Least important first: a search for `minImportance` takes a level and those after it. */
export const IMPORTANCE_LEVELS = ['low', 'normal', 'high', 'critical'] as const;
export type ImportanceLevel = (typeof IMPORTANCE_LEVELS)[number];

/** One exchange of a session: what was asked, what was answered, and where it stands in meaning. */
@Entity({ schema: 'coding_rule2', name: 'conversation_context' })
@Check('conversation_context_importance_level_check', `importance_level IN ('low', 'normal', 'high', 'critical')`)
@Index('conversation_context_session_id_created_at_idx', ['sessionId', 'createdAt', 'id'])
@Index('conversation_context_created_at_idx', ['createdAt', 'id'])
@Index('conversation_context_text_no_idx', ['textNo'], { unique: true })
@Index('conversation_context_unembedded_idx', ['textNo'], { where: 'vector_embedding IS NULL' })
// An HNSW index, which TypeORM can't describe: the migration makes it.
@Index('conversation_context_vector_embedding_idx', { synchronize: false })
export class Conversation {
  @Shown({ as: 'uuid', description: 'The row.' })
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Shown({ as: 'text', description: 'The session that it belongs to.', example: 'session-42' })
  @Column({ name: 'session_id', type: 'varchar', length: 100 })
  sessionId!: string;

  @Shown({ as: 'text', description: 'What the user said.', example: 'Why does the build fail?' })
  @Column({ name: 'user_message', type: 'text' })
  userMessage!: string;

  @Shown({ as: 'text', description: 'What the assistant answered.', example: 'The lock file names a version that is gone.' })
  @Column({ name: 'ai_response', type: 'text' })
  aiResponse!: string;

  @Shown({ as: 'json', description: 'What else belongs to it.', example: { files: ['package-lock.json'] } })
  @Column({ name: 'context_data', type: 'jsonb' })
  contextData!: Record<string, unknown>;

  @Shown({ as: 'number', list: true, nullable: true, optional: true, description: '1,536 numbers, only with `include=embedding`; null where none was given.' })
  @Column({ name: 'vector_embedding', type: 'vector', length: EMBEDDING_DIMENSIONS, nullable: true, select: false })
  embedding?: number[] | null;

  @Shown({ as: 'text', optional: true, description: 'The model of the embedding, only of a single conversation with `include=embedding`, and where one was named.' })
  @Column({ name: 'embedding_model', type: 'varchar', length: 100, nullable: true, select: false })
  embeddingModel?: string | null;

  @Shown({ as: IMPORTANCE_LEVELS, description: 'How important it is.', example: 'normal' })
  @Column({ name: 'importance_level', type: 'varchar', length: 20, default: 'normal' })
  importanceLevel!: ImportanceLevel;

  @Shown({ as: 'instant', description: 'When it was recorded.', example: '2026-11-24T09:00:00.000Z' })
  @Column({ name: 'created_at', type: 'timestamptz', default: () => 'now()' })
  createdAt!: Date;

  /** Its place in the index of words; a row that is given a new one is indexed anew. */
  @Column({ name: 'text_no', type: 'bigint', generated: 'identity', generatedIdentity: 'BY DEFAULT', select: false })
  textNo?: string;
}
