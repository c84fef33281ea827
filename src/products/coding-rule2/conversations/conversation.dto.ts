import { EmbeddingField, InstantField, IntegerField, ItemsField, JsonField, NumberField, OneOfField, TextField } from '../../../http/fields.js';
import { IsAfter, TimeRangeQuery } from '../../../http/paging.js';
import { Shown } from '../../../http/shown.js';
import { Conversation, EMBEDDING_DIMENSIONS, IMPORTANCE_LEVELS, type ImportanceLevel } from './conversation.entity.js';

const TEXT_MAX = 1_000_000;

export class RecordConversation {
  @TextField({ description: 'The session that it belongs to.', example: 'session-42', max: 100 })
  sessionId!: string;

  @TextField({ description: 'What the user said.', example: 'Why does the build fail?', min: 0, max: TEXT_MAX })
  userMessage!: string;

  @TextField({ description: 'What the assistant answered.', example: 'The lock file names a version that is gone.', min: 0, max: TEXT_MAX })
  aiResponse!: string;

  @JsonField({ description: 'What else belongs to it.', example: { files: ['package-lock.json'] }, default: {} })
  contextData!: Record<string, unknown>;

  @EmbeddingField({ description: 'Where it stands in meaning; without one it is not found by search.', dimensions: EMBEDDING_DIMENSIONS, optional: true, nullable: true })
  embedding?: Float32Array | null;

  @OneOfField({ description: 'How important it is.', example: 'high', values: IMPORTANCE_LEVELS, default: 'normal' })
  importanceLevel!: ImportanceLevel;
}

export class RecordConversations {
  @ItemsField({ description: 'All are recorded, or none.', type: () => RecordConversation, min: 1, max: 500 })
  items!: RecordConversation[];
}

export class RecordedId {
  @Shown({ as: 'uuid', description: 'The new row.' })
  id!: string;
}

export class RecordedConversations {
  @Shown({ as: () => RecordedId, list: true, description: 'In the order in which they were sent.' })
  items!: RecordedId[];
}

export class ListConversations extends TimeRangeQuery {
  @TextField({ description: 'Only this session.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @OneOfField({ description: 'Answer the embeddings too.', example: 'embedding', values: ['embedding'], optional: true })
  include?: 'embedding';
}

export class ReadConversation {
  @OneOfField({ description: 'Answer the embedding too.', example: 'embedding', values: ['embedding'], optional: true })
  include?: 'embedding';
}

export class SearchConversations {
  @EmbeddingField({ description: 'What to look for, as an embedding of the same model.', dimensions: EMBEDDING_DIMENSIONS })
  embedding!: Float32Array;

  @IntegerField({ description: 'How many to answer at most.', example: 10, min: 1, max: 100, default: 10 })
  limit!: number;

  @TextField({ description: 'Only this session.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @OneOfField({ description: 'Only what is at least this important.', example: 'normal', values: IMPORTANCE_LEVELS, optional: true })
  minImportance?: ImportanceLevel;

  @InstantField({ description: 'Only what was recorded at this time or later.', example: '2026-11-01T00:00:00Z', optional: true })
  since?: Date;

  @InstantField({ description: 'Only what was recorded before this time.', example: '2026-12-01T00:00:00Z', optional: true })
  @IsAfter('since')
  until?: Date;

  @NumberField({ description: 'Only what is at least this similar: 1 is the same direction, 0 unrelated, -1 opposite.', example: 0.5, min: -1, max: 1, optional: true })
  minSimilarity?: number;

  @IntegerField({ description: 'How many candidates the index considers: more finds better and takes longer.', example: 100, min: 1, max: 1_000, optional: true })
  efSearch?: number;
}

export class FoundConversation extends Conversation {
  @Shown({ as: 'number', description: '1 − cosine distance.', example: 0.83 })
  similarity!: number;
}

export class FoundConversations {
  @Shown({ as: () => FoundConversation, list: true, description: 'The most similar first.' })
  items!: FoundConversation[];
}
