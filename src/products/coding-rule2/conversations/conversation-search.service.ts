import { Injectable } from '@nestjs/common';
import { RowFilter } from '../search/row-filter.js';
import { SearchService } from '../search/search.service.js';
import type { FoundConversations, SearchConversations } from './conversation.dto.js';
import { IMPORTANCE_LEVELS, type Conversation } from './conversation.entity.js';
import { CONVERSATION_COLUMNS } from './conversations.service.js';

/** Finds conversations by words, by meaning, or by both. */
@Injectable()
export class ConversationSearchService {
  constructor(private readonly searches: SearchService) {}

  /** @throws AppError `validation_failed` where neither words nor an embedding are given */
  async search(query: SearchConversations): Promise<FoundConversations> {
    return this.searches.search<Conversation>('conversations', CONVERSATION_COLUMNS, query, filterOf(query));
  }
}

function filterOf(query: SearchConversations): RowFilter {
  const filter = new RowFilter();
  if (query.sessionId !== undefined) filter.add('session_id =', query.sessionId, { isIndexed: true });
  if (query.minImportance !== undefined) {
    filter.add('importance_level = ANY', IMPORTANCE_LEVELS.slice(IMPORTANCE_LEVELS.indexOf(query.minImportance)));
  }
  if (query.since !== undefined) filter.add('created_at >=', query.since, { isIndexed: true });
  if (query.until !== undefined) filter.add('created_at <', query.until, { isIndexed: true });
  return filter;
}
