import { Injectable } from '@nestjs/common';
import { readSlice, type Place, type Slice } from '../../../database/keyset.js';
import { newId } from '../../../database/new-id.js';
import { vectorFromText, vectorToBinary } from '../../../database/vector.js';
import { AppError, notFound } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { Indexing } from '../search/indexing.service.js';
import { eraseWords } from '../search/text-erasure.js';
import type { RecordConversation } from './conversation.dto.js';
import { Conversation } from './conversation.entity.js';

/** Everything but the embedding, which is 6 kB a row and seldom wanted. */
export const CONVERSATION_COLUMNS = `id, session_id AS "sessionId", user_message AS "userMessage", ai_response AS "aiResponse",
  context_data AS "contextData", importance_level AS "importanceLevel", created_at AS "createdAt"`;
const COLUMNS_A_ROW = 8;
const READ = `SELECT ${CONVERSATION_COLUMNS} FROM coding_rule2.conversation_context WHERE id = $1`;
const READ_WITH_EMBEDDING = `SELECT ${CONVERSATION_COLUMNS}, vector_embedding::text AS embedding, embedding_model AS "embeddingModel"
  FROM coding_rule2.conversation_context WHERE id = $1`;

/** What was said in which session. */
@Injectable()
export class ConversationsService {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly indexing: Indexing,
  ) {}

  async record(conversation: RecordConversation): Promise<Conversation> {
    const [row] = await this.insert<Conversation>([conversation], CONVERSATION_COLUMNS);
    if (row === undefined) throw new AppError('internal', 'The conversation was not recorded.');
    return row;
  }

  /** All, or none, in one statement. Answers the ids in the order given. */
  async recordBatch(conversations: readonly RecordConversation[]): Promise<{ id: string }[]> {
    return this.insert(conversations, 'id');
  }

  /** @throws AppError `not_found` */
  async get(id: string, withEmbedding: boolean): Promise<Conversation> {
    const [row] = await this.database.query<Conversation & { embedding?: string | null; embeddingModel?: string | null }>(
      withEmbedding ? READ_WITH_EMBEDDING : READ,
      [id],
      { prepared: true },
    );
    if (row === undefined) throw notFound();
    if (!withEmbedding) return row;
    const { embeddingModel, ...conversation } = row;
    const embedding = row.embedding == null ? null : vectorFromText(row.embedding);
    return { ...conversation, embedding, ...(embeddingModel != null && { embeddingModel }) };
  }

  async list(
    filter: { sessionId?: string; since?: Date; until?: Date; include?: 'embedding' },
    limit: number,
    after: Place | undefined,
  ): Promise<Slice<Conversation>> {
    return readSlice(await this.database.manager(), {
      entity: Conversation,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      ...(filter.include && { include: [filter.include] }),
      where: (query) => {
        if (filter.sessionId !== undefined) query.andWhere('row.sessionId = :sessionId', { sessionId: filter.sessionId });
        if (filter.since !== undefined) query.andWhere('row.createdAt >= :since', { since: filter.since });
        if (filter.until !== undefined) query.andWhere('row.createdAt < :until', { until: filter.until });
      },
    });
  }

  /** @throws AppError `not_found` */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      await eraseWords(tx, 'conversations', [id]);
      const [, deleted] = await tx.query<[unknown[], number]>('DELETE FROM coding_rule2.conversation_context WHERE id = $1', [id]);
      if (deleted === 0) throw notFound();
    });
  }

  /** VALUES lists rather than unnest: only as single parameters do vectors go over in binary. */
  private async insert<Row extends object>(conversations: readonly RecordConversation[], returning: string): Promise<Row[]> {
    const rows = conversations.map((_, row) => {
      const at = (column: number) => `$${row * COLUMNS_A_ROW + column}`;
      return `(${at(1)}::uuid, ${at(2)}, ${at(3)}, ${at(4)}, ${at(5)}::jsonb, ${at(6)}::vector, ${at(7)}, ${at(8)})`;
    });
    const values = conversations.flatMap((conversation) => [
      newId(),
      conversation.sessionId,
      conversation.userMessage,
      conversation.aiResponse,
      conversation.contextData,
      conversation.embedding ? vectorToBinary(conversation.embedding) : null,
      conversation.importanceLevel,
      conversation.embedding ? (conversation.embeddingModel ?? null) : null,
    ]);
    const recorded = await this.database.query<Row>(
      `INSERT INTO coding_rule2.conversation_context
              (id, session_id, user_message, ai_response, context_data, vector_embedding, importance_level, embedding_model)
       VALUES ${rows.join(', ')}
       RETURNING ${returning}`,
      values,
      { prepared: conversations.length === 1 },
    );
    this.indexing.addNewRows('conversations', recorded.length);
    return recorded;
  }
}
