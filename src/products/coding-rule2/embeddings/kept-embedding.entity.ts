import { Column, Entity, Index, JoinColumn, OneToOne, PrimaryColumn, type Relation } from 'typeorm';
import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { Conversation } from '../conversations/conversation.entity.js';
import { Memory } from '../memories/memory.entity.js';

/** The vector that a conversation had before it was computed anew in another model. */
@Entity({ schema: 'coding_rule2', name: 'conversation_kept_embeddings' })
// An HNSW index, which TypeORM can't describe: the migration makes it.
@Index('conversation_kept_embeddings_kept_embedding_idx', { synchronize: false })
export class ConversationKeptEmbedding {
  @PrimaryColumn({ name: 'conversation_id', type: 'uuid' })
  conversationId!: string;

  @OneToOne(() => Conversation, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'conversation_id', foreignKeyConstraintName: 'conversation_kept_embeddings_conversation_id_fkey' })
  conversation?: Relation<Conversation>;

  @Column({ name: 'kept_model', type: 'varchar', length: 100, nullable: true })
  keptModel!: string | null;

  @Column({ name: 'kept_embedding', type: 'vector', length: EMBEDDING_DIMENSIONS })
  keptEmbedding!: number[];
}

/** The same of a memory. */
@Entity({ schema: 'coding_rule2', name: 'memory_kept_embeddings' })
@Index('memory_kept_embeddings_kept_embedding_idx', { synchronize: false })
export class MemoryKeptEmbedding {
  @PrimaryColumn({ name: 'memory_id', type: 'uuid' })
  memoryId!: string;

  @OneToOne(() => Memory, { onDelete: 'CASCADE' })
  @JoinColumn({ name: 'memory_id', foreignKeyConstraintName: 'memory_kept_embeddings_memory_id_fkey' })
  memory?: Relation<Memory>;

  @Column({ name: 'kept_model', type: 'varchar', length: 100, nullable: true })
  keptModel!: string | null;

  @Column({ name: 'kept_embedding', type: 'vector', length: EMBEDDING_DIMENSIONS })
  keptEmbedding!: number[];
}
