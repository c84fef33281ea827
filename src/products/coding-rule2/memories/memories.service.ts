import { Injectable } from '@nestjs/common';
import { readSlice, type Place, type Slice } from '../../../database/keyset.js';
import { newId } from '../../../database/new-id.js';
import { vectorToBinary } from '../../../database/vector.js';
import { AppError, notFound } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { Indexing } from '../search/indexing.service.js';
import { eraseWords } from '../search/text-erasure.js';
import type { RecordMemory } from './memory.dto.js';
import { Memory } from './memory.entity.js';

export const MEMORY_COLUMNS = `id, session_id AS "sessionId", memory_type AS "memoryType", memory_content AS "memoryContent",
  retention_priority AS "retentionPriority", expires_at AS "expiresAt", created_at AS "createdAt"`;

/** What an expired row is, also before it is purged: gone. */
export const NOT_EXPIRED = '(expires_at IS NULL OR expires_at > clock_timestamp())';

const COLUMNS_A_ROW = 8;

/** What sessions remember. */
@Injectable()
export class MemoriesService {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly indexing: Indexing,
  ) {}

  async record(memory: RecordMemory): Promise<Memory> {
    const [row] = await this.recordAll([memory]);
    if (row === undefined) throw new AppError('internal', 'The memory was not recorded.');
    return row;
  }

  /** All of them in one statement. @returns the rows in the order given */
  async recordAll(memories: readonly RecordMemory[]): Promise<Memory[]> {
    const rows = memories.map((_, row) => {
      const at = (column: number) => `$${row * COLUMNS_A_ROW + column}`;
      return `(${at(1)}::uuid, ${at(2)}, ${at(3)}, ${at(4)}::jsonb, ${at(5)}::integer, ${at(6)}::timestamptz, ${at(7)}::vector, ${at(8)})`;
    });
    this.indexing.addNewRows('memories', memories.length);
    return this.database.query<Memory>(
      `INSERT INTO coding_rule2.memory_inheritance (id, session_id, memory_type, memory_content, retention_priority, expires_at, vector_embedding, embedding_model)
       VALUES ${rows.join(', ')}
       RETURNING ${MEMORY_COLUMNS}`,
      memories.flatMap(({ sessionId, memoryType, memoryContent, retentionPriority, expiresAt, embedding, embeddingModel }) => {
        const vector = embedding ? [vectorToBinary(embedding), embeddingModel ?? null] : [null, null];
        return [newId(), sessionId, memoryType, memoryContent, retentionPriority, expiresAt ?? null, ...vector];
      }),
      { prepared: memories.length === 1 },
    );
  }

  /** @throws AppError `not_found`, also for one that has expired */
  async get(id: string): Promise<Memory> {
    const [row] = await this.database.query<Memory>(`SELECT ${MEMORY_COLUMNS} FROM coding_rule2.memory_inheritance WHERE id = $1 AND ${NOT_EXPIRED}`, [id], { prepared: true });
    if (row === undefined) throw notFound();
    return row;
  }

  async list(
    filter: { sessionId?: string; memoryType?: string; since?: Date; until?: Date },
    limit: number,
    after: Place | undefined,
  ): Promise<Slice<Memory>> {
    return readSlice(await this.database.manager(), {
      entity: Memory,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => {
        query.where('(row.expiresAt IS NULL OR row.expiresAt > clock_timestamp())');
        if (filter.sessionId !== undefined) query.andWhere('row.sessionId = :sessionId', { sessionId: filter.sessionId });
        if (filter.memoryType !== undefined) query.andWhere('row.memoryType = :memoryType', { memoryType: filter.memoryType });
        if (filter.since !== undefined) query.andWhere('row.createdAt >= :since', { since: filter.since });
        if (filter.until !== undefined) query.andWhere('row.createdAt < :until', { until: filter.until });
      },
    });
  }

  /** @throws AppError `not_found`, also for one that has expired */
  async remove(id: string): Promise<void> {
    await this.database.transaction(async (tx) => {
      await eraseWords(tx, 'memories', [id]);
      const [rows] = await tx.query<[object[]]>(`DELETE FROM coding_rule2.memory_inheritance WHERE id = $1 AND ${NOT_EXPIRED} RETURNING id`, [id]);
      if (rows.length === 0) throw notFound();
    });
  }

  /** Deletes what has expired, in steps, so that no statement runs long. @returns how many rows */
  async purgeExpired(signal: AbortSignal): Promise<number> {
    for (let purged = 0; ; ) {
      const rows = await this.database.transaction(async (tx) => {
        const expired = await tx.query<{ id: string }[]>(
          'SELECT id FROM coding_rule2.memory_inheritance WHERE expires_at <= clock_timestamp() ORDER BY expires_at LIMIT 500',
        );
        const ids = expired.map((row) => row.id);
        await eraseWords(tx, 'memories', ids);
        await tx.query('DELETE FROM coding_rule2.memory_inheritance WHERE id = ANY ($1::uuid[])', [ids]);
        return ids.length;
      });
      purged += rows;
      if (rows === 0 || signal.aborted) return purged;
    }
  }
}
