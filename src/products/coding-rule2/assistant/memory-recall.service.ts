import { Injectable } from '@nestjs/common';
import { textOf } from '../memories/memory-text.js';
import { MEMORY_COLUMNS, NOT_EXPIRED } from '../memories/memories.service.js';
import type { Memory } from '../memories/memory.entity.js';
import { RowFilter } from '../search/row-filter.js';
import { SearchService } from '../search/search.service.js';
import { estimateTokens } from '../sessions/inheritance-choice.js';
import type { RecalledMemories, SearchMemory } from './assistant.dto.js';

/** Enough to tell whether a memory is worth its tokens. */
const SNIPPET_CHARACTERS = 160;

/** Finds memories by words, and answers what each would cost to read instead of all of it. */
@Injectable()
export class MemoryRecallService {
  constructor(private readonly searches: SearchService) {}

  async search({ query, limit, sessionId }: SearchMemory): Promise<RecalledMemories> {
    const filter = new RowFilter(NOT_EXPIRED);
    if (sessionId !== undefined) filter.add('session_id =', sessionId, { isIndexed: true });
    const { items, degraded } = await this.searches.search<Memory>('memories', MEMORY_COLUMNS, { query, limit }, filter);
    return {
      items: items.map(({ id, sessionId: session, memoryType, memoryContent, retentionPriority, score }) => ({
        id,
        sessionId: session,
        memoryType,
        retentionPriority,
        snippet: snippetOf(memoryContent),
        tokens: estimateTokens(memoryContent),
        score,
      })),
      degraded,
    };
  }
}

function snippetOf(content: unknown): string {
  const characters = [...textOf(content).words];
  return characters.length <= SNIPPET_CHARACTERS ? characters.join('') : `${characters.slice(0, SNIPPET_CHARACTERS - 1).join('')}…`;
}
