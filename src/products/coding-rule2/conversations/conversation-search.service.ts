import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { vectorToBinary } from '../../../database/vector.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import type { FoundConversation, SearchConversations } from './conversation.dto.js';
import { IMPORTANCE_LEVELS } from './conversation.entity.js';
import { CONVERSATION_COLUMNS } from './conversations.service.js';

/**
 * Candidates that the index considers unless the caller says: pgvector's own default of 40 loses some recall at
 * k = 10 and can't fill a limit of 100.
 */
const EF_SEARCH_MIN = 100;
/** Past this many rows an iterative scan gives up; an exact search takes over then, so that no match is lost. */
const MAX_SCAN_TUPLES = 20_000;

/** Finds conversations by meaning. */
@Injectable()
export class ConversationSearchService {
  constructor(private readonly database: CodingRule2Database) {}

  /**
   * The nearest conversations by cosine distance, best first. The index is asked first and scans on while the filters
   * take rows away; where it still comes back short, the answer is computed exactly, so that filters never hide a match.
   */
  async search(query: SearchConversations): Promise<FoundConversation[]> {
    const filter = new Filter(query);
    const efSearch = Math.max(query.efSearch ?? EF_SEARCH_MIN, query.limit);
    const nearest = await this.database.transaction(async (tx) => {
      // Whole numbers, checked: SET takes no parameters. One message for all four costs one round trip.
      await tx.query(
        `SET LOCAL hnsw.ef_search = ${Math.trunc(efSearch)}; SET LOCAL hnsw.iterative_scan = strict_order;
         SET LOCAL hnsw.max_scan_tuples = ${MAX_SCAN_TUPLES}; SET LOCAL plan_cache_mode = force_custom_plan`,
      );
      const found = await select(tx, filter, query.limit, 'vector_embedding <=> $1');
      if (found.length === query.limit) return found;
      // The addition keeps the planner from using the index, which has just come back short.
      return select(tx, filter, query.limit, '(vector_embedding <=> $1) + 0');
    });
    // The index sorts by its own rounding, which may differ from the similarity that is answered in the last digits.
    const found = nearest.sort((a, b) => b.similarity - a.similarity);
    const least = query.minSimilarity;
    return least === undefined ? found : found.filter((conversation) => conversation.similarity >= least);
  }
}

function select(tx: EntityManager, filter: Filter, limit: number, distance: string): Promise<FoundConversation[]> {
  return tx.query<FoundConversation[]>(
    `SELECT ${CONVERSATION_COLUMNS}, 1 - (vector_embedding <=> $1) AS similarity
       FROM coding_rule2.conversation_context
      WHERE vector_embedding IS NOT NULL${filter.sql}
      ORDER BY ${distance}
      LIMIT ${Math.trunc(limit)}`,
    filter.values,
  );
}

/** The conditions of a search as SQL and its parameters; the first is the vector. */
class Filter {
  readonly values: unknown[];
  sql = '';

  constructor(query: SearchConversations) {
    this.values = [vectorToBinary(query.embedding)];
    if (query.sessionId !== undefined) this.add('session_id =', query.sessionId);
    if (query.minImportance !== undefined) {
      this.add('importance_level = ANY', IMPORTANCE_LEVELS.slice(IMPORTANCE_LEVELS.indexOf(query.minImportance)));
    }
    if (query.since !== undefined) this.add('created_at >=', query.since);
    if (query.until !== undefined) this.add('created_at <', query.until);
  }

  private add(condition: string, value: unknown): void {
    this.values.push(value);
    this.sql += ` AND ${condition} ($${this.values.length})`;
  }
}
