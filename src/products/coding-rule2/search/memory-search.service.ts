import { Injectable } from '@nestjs/common';
import type { Memory } from '../memories/memory.entity.js';
import { MEMORY_COLUMNS, NOT_EXPIRED } from '../memories/memories.service.js';
import type { FoundMemories, SearchMemories } from './memory-search.dto.js';
import { RowFilter } from './row-filter.js';
import { SearchService } from './search.service.js';

/** Finds memories by words, by meaning, or by both. */
@Injectable()
export class MemorySearchService {
  constructor(private readonly searches: SearchService) {}

  /** @throws AppError `validation_failed` where neither words nor an embedding are given */
  async search(query: SearchMemories): Promise<FoundMemories> {
    const filter = new RowFilter(NOT_EXPIRED);
    if (query.sessionId !== undefined) filter.add('session_id =', query.sessionId, { isIndexed: true });
    if (query.memoryType !== undefined) filter.add('memory_type =', query.memoryType);
    if (query.since !== undefined) filter.add('created_at >=', query.since, { isIndexed: true });
    if (query.until !== undefined) filter.add('created_at <', query.until, { isIndexed: true });
    return this.searches.search<Memory>('memories', MEMORY_COLUMNS, query, filter);
  }
}
