import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { EmbeddingField, InstantField, IntegerField, JsonField, TextField } from '../../../http/fields.js';
import { TimeRangeQuery } from '../../../http/paging.js';

export class RecordMemory {
  @TextField({ description: 'The session that remembers.', example: 'session-42', max: 100 })
  sessionId!: string;

  @TextField({ description: 'What kind of memory it is.', example: 'decision', max: 50 })
  memoryType!: string;

  @JsonField({ description: 'What is remembered.', example: { text: 'Migrations are written by hand.' } })
  memoryContent!: Record<string, unknown>;

  @IntegerField({ description: 'How much it is worth keeping, 1 to 10; 10 is kept longest.', example: 8, min: 1, max: 10, default: 5 })
  retentionPriority!: number;

  @InstantField({ description: 'When it is forgotten; absent or null for never.', example: '2027-01-01T00:00:00Z', optional: true, nullable: true })
  expiresAt?: Date | null;

  @EmbeddingField({ description: 'Where it stands in meaning; without one it is computed where a provider is configured, and else found by its words alone.', dimensions: EMBEDDING_DIMENSIONS, optional: true, nullable: true })
  embedding?: Float32Array | null;

  @TextField({ description: 'The model that made the embedding: searches compare vectors of the same model only.', example: 'text-embedding-3-small', max: 100, optional: true, nullable: true })
  embeddingModel?: string | null;
}

export class ListMemories extends TimeRangeQuery {
  @TextField({ description: 'Only this session.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @TextField({ description: 'Only this kind.', example: 'decision', max: 50, optional: true })
  memoryType?: string;
}
