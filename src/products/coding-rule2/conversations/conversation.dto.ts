import { IntersectionType } from '@nestjs/swagger';
import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { EmbeddingField, InstantField, ItemsField, JsonField, OneOfField, TextField } from '../../../http/fields.js';
import { IsAfter, TimeRangeQuery } from '../../../http/paging.js';
import { Shown } from '../../../http/shown.js';
import { SearchAnswer, SearchHit, SearchQuery } from '../search/search.dto.js';
import { Conversation, IMPORTANCE_LEVELS, type ImportanceLevel } from './conversation.entity.js';

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

  @EmbeddingField({ description: 'Where it stands in meaning; without one it is computed where a provider is configured, and else found by its words alone.', dimensions: EMBEDDING_DIMENSIONS, optional: true, nullable: true })
  embedding?: Float32Array | null;

  @TextField({ description: 'The model that made the embedding: searches compare vectors of the same model only.', example: 'text-embedding-3-small', max: 100, optional: true, nullable: true })
  embeddingModel?: string | null;

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

export class SearchConversations extends SearchQuery {
  @TextField({ description: 'Only this session.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @OneOfField({ description: 'Only what is at least this important.', example: 'normal', values: IMPORTANCE_LEVELS, optional: true })
  minImportance?: ImportanceLevel;

  @InstantField({ description: 'Only what was recorded at this time or later.', example: '2026-11-01T00:00:00Z', optional: true })
  since?: Date;

  @InstantField({ description: 'Only what was recorded before this time.', example: '2026-12-01T00:00:00Z', optional: true })
  @IsAfter('since')
  until?: Date;
}

export class FoundConversation extends IntersectionType(Conversation, SearchHit) {}

export class FoundConversations extends SearchAnswer {
  @Shown({ as: () => FoundConversation, list: true, description: 'The best first.' })
  items!: FoundConversation[];
}
