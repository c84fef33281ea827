import type { ProductManifest } from '../../database/manifest.js';
import { migrationsFolder } from '../../database/migrations/load-migrations.js';
import { MistakeCheck, MistakeCheckMatch } from './checks/mistake-check.entity.js';
import { Conversation } from './conversations/conversation.entity.js';
import { EmbeddingState } from './embeddings/embedding-state.entity.js';
import { ConversationKeptEmbedding, MemoryKeptEmbedding } from './embeddings/kept-embedding.entity.js';
import { MemorySource } from './memories/memory-source.entity.js';
import { Memory } from './memories/memory.entity.js';
import { MistakeOccurrence } from './mistake-patterns/mistake-occurrence.entity.js';
import { MistakePattern } from './mistake-patterns/mistake-pattern.entity.js';
import { InheritanceBundle, InheritanceItem } from './sessions/inheritance.entity.js';
import { SessionParent } from './sessions/session-parent.entity.js';
import { TextCorpus, TextPostings, TextSegment } from './search/text-segment.entity.js';
import { Violation } from './violations/violation.entity.js';

export const CODING_RULE2: ProductManifest = {
  kind: 'product',
  id: 'coding_rule2',
  title: 'Coding Rule 2',
  tags: [
    { name: 'Mistakes', description: 'What the assistant gets wrong, and how often.' },
    { name: 'Conversations', description: 'What was said, found again by meaning.' },
    { name: 'Violations', description: 'Where the assistant broke its constitution.' },
    { name: 'Memories', description: 'What sessions remember.' },
    { name: 'Sessions', description: 'What one session hands on to the next.' },
  ],
  entities: [Conversation, ConversationKeptEmbedding, EmbeddingState, InheritanceBundle, InheritanceItem, Memory, MemoryKeptEmbedding, MemorySource, MistakeCheck, MistakeCheckMatch, MistakeOccurrence, MistakePattern, SessionParent, TextCorpus, TextPostings, TextSegment, Violation],
  // The words of conversations and memories, made anew from their rows; vectors that are searched only while others are computed.
  derived: ['text_corpora', 'text_segments', 'text_postings', 'conversation_kept_embeddings', 'memory_kept_embeddings'],
  retention: [
    // What was asked before acting: its use is in the statistics of the last months. The rest is kept until an operator says how long.
    { table: 'mistake_checks', column: 'created_at', days: 365 },
    { table: 'conversation_context', column: 'created_at', days: null },
    { table: 'memory_inheritance', column: 'created_at', days: null },
    { table: 'constitutional_violations', column: 'created_at', days: null },
  ],
  migrations: migrationsFolder('coding_rule2'),
  module: async () => (await import('./coding-rule2.module.js')).CodingRule2Module,
};
