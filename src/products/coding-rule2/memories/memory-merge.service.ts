import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { notFound } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { eraseWords } from '../search/text-erasure.js';
import { MEMORY_COLUMNS, NOT_EXPIRED } from './memories.service.js';
import type { MergedMemories } from './memory-merge.dto.js';
import type { MemorySource } from './memory-source.entity.js';
import type { Memory } from './memory.entity.js';
import { nearDuplicates, type Cluster } from './near-duplicates.js';

/** Most memories of a session that one merge compares, the most valuable first. */
const MAX_COMPARED = 2_000;

const SOURCE_COLUMNS = `id, kept_memory_id AS "keptMemoryId", session_id AS "sessionId", memory_type AS "memoryType",
  memory_content AS "memoryContent", retention_priority AS "retentionPriority", expires_at AS "expiresAt",
  created_at AS "createdAt", similarity, merged_at AS "mergedAt"`;

/** Makes one memory of several that say the same, and keeps what each of them said. */
@Injectable()
export class MemoryMergeService {
  constructor(private readonly database: CodingRule2Database) {}

  /**
   * Within one session: the most valuable of its near-duplicates stays, and lives as long as the longest-lived of them; the
   * others become its sources, word for word. One transaction, so no memory is ever in neither place.
   * @param plan only tells what would be merged
   */
  async merge(sessionId: string, minSimilarity: number, plan: boolean): Promise<MergedMemories> {
    return this.database.transaction(async (tx) => {
      const memories = await tx.query<Memory[]>(
        `SELECT ${MEMORY_COLUMNS} FROM coding_rule2.memory_inheritance
          WHERE session_id = $1 AND ${NOT_EXPIRED}
          ORDER BY retention_priority DESC, created_at DESC, id DESC
          LIMIT ${MAX_COMPARED}${plan ? '' : ' FOR UPDATE'}`,
        [sessionId],
      );
      const clusters = nearDuplicates(memories, minSimilarity).filter((cluster) => cluster.sources.length > 0);
      if (!plan) for (const cluster of clusters) await mergeInto(tx, cluster);
      const merged = clusters.map(({ kept, sources }) => ({
        kept: { ...kept, expiresAt: latestEnd([kept, ...sources.map((source) => source.memory)]) },
        sources: sources.map(({ memory, similarity }) => ({ id: memory.id, similarity, memoryContent: memory.memoryContent })),
      }));
      return { sessionId, compared: memories.length, mergedCount: merged.reduce((sum, { sources }) => sum + sources.length, 0), plan, merged };
    });
  }

  /** What was merged into a memory, most alike first. @throws AppError `not_found` where there is no such memory */
  async sourcesOf(id: string): Promise<MemorySource[]> {
    const [memory] = await this.database.query(`SELECT id FROM coding_rule2.memory_inheritance WHERE id = $1 AND ${NOT_EXPIRED}`, [id]);
    if (memory === undefined) throw notFound();
    return this.database.query<MemorySource>(
      `SELECT ${SOURCE_COLUMNS} FROM coding_rule2.memory_sources WHERE kept_memory_id = $1 ORDER BY similarity DESC, id LIMIT ${MAX_COMPARED}`,
      [id],
    );
  }
}

async function mergeInto(tx: EntityManager, { kept, sources }: Cluster<Memory>): Promise<void> {
  const ids = sources.map((source) => source.memory.id);
  await tx.query(
    `INSERT INTO coding_rule2.memory_sources
            (id, kept_memory_id, session_id, memory_type, memory_content, retention_priority, expires_at, created_at, similarity)
     SELECT m.id, $1, m.session_id, m.memory_type, m.memory_content, m.retention_priority, m.expires_at, m.created_at, s.similarity
       FROM unnest($2::uuid[], $3::float8[]) AS s (id, similarity)
       JOIN coding_rule2.memory_inheritance m ON m.id = s.id`,
    [kept.id, ids, sources.map((source) => source.similarity)],
  );
  // Sources of a source go with it: nothing hangs on a memory that is about to leave.
  await tx.query(`UPDATE coding_rule2.memory_sources SET kept_memory_id = $1 WHERE kept_memory_id = ANY ($2::uuid[])`, [kept.id, ids]);
  await tx.query(
    `UPDATE coding_rule2.memory_inheritance k
        SET expires_at = (SELECT CASE WHEN bool_or(m.expires_at IS NULL) THEN NULL ELSE max(m.expires_at) END
                            FROM coding_rule2.memory_inheritance m WHERE m.id = k.id OR m.id = ANY ($2::uuid[]))
      WHERE k.id = $1`,
    [kept.id, ids],
  );
  await eraseWords(tx, 'memories', ids);
  await tx.query(`DELETE FROM coding_rule2.memory_inheritance WHERE id = ANY ($1::uuid[])`, [ids]);
}

/** null, never, is later than any time. */
function latestEnd(memories: readonly Memory[]): Date | null {
  return memories.map((memory) => memory.expiresAt).reduce((a, b) => (a === null || b === null ? null : a > b ? a : b));
}
