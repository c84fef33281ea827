import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { readSlice, type Place, type Slice } from '../../../database/keyset.js';
import { newId } from '../../../database/new-id.js';
import { invalid, notFound } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { MEMORY_COLUMNS, NOT_EXPIRED } from '../memories/memories.service.js';
import type { Memory } from '../memories/memory.entity.js';
import { choose, rankForTask, type Choice } from './inheritance-choice.js';
import type { Inherit, InheritedBundle, InheritedMemory } from './inheritance.dto.js';
import { InheritanceBundle } from './inheritance.entity.js';
import { adopt, LINE_UPWARDS } from './session-lineage.js';

/** Most memories that one bundle looks at, the most valuable first: so many, and so many bytes of content. */
const MAX_CONSIDERED = 10_000;
const MAX_CONSIDERED_BYTES = 32 * 1024 * 1024;

const CANDIDATES = `
  WITH RECURSIVE ${LINE_UPWARDS}, valuable AS (
    SELECT ${MEMORY_COLUMNS}, generation, octet_length(memory_content::text) AS bytes
      FROM coding_rule2.memory_inheritance JOIN line USING (session_id)
     WHERE ${NOT_EXPIRED}
     ORDER BY retention_priority DESC, created_at DESC, id DESC
     LIMIT ${MAX_CONSIDERED}
  ), counted AS (
    SELECT *, sum(bytes) OVER (ORDER BY "retentionPriority" DESC, "createdAt" DESC, id DESC) AS so_far FROM valuable
  )
  SELECT id, "sessionId", "memoryType", "memoryContent", "retentionPriority", "expiresAt", "createdAt", generation
    FROM counted WHERE so_far <= ${MAX_CONSIDERED_BYTES}
   ORDER BY "retentionPriority" DESC, "createdAt" DESC, id DESC`;

/** Hands a session's memories, and those it inherited itself, on to the next one, within a budget. */
@Injectable()
export class InheritanceService {
  constructor(private readonly database: CodingRule2Database) {}

  /**
   * Takes memories over in the order of their worth while they fit: by retention priority, then newest; with a task by what they
   * say about it as well. What was taken, what was not, and why, is recorded in the transaction that reads it. Asking again
   * makes a new bundle.
   * @throws AppError `conflict` where the other session inherits from this one
   */
  async inherit(sessionId: string, { fromSessionId, budgetTokens, task: given, leaveOutNearDuplicates }: Inherit): Promise<InheritedBundle> {
    if (sessionId === fromSessionId) throw invalid('/fromSessionId', 'must be another session than the one that inherits');
    return this.database.transaction(async (tx) => {
      const task = given ?? null;
      const rows = await tx.query<(Memory & { generation: number })[]>(CANDIDATES, [fromSessionId]);
      const candidates = rows.map(({ generation, ...memory }) => ({ memory, generation, relevance: null }));
      const ranked = task === null ? candidates : rankForTask(candidates, task, new Date());
      const items = choose(ranked, budgetTokens, leaveOutNearDuplicates);
      const usedTokens = items.reduce((sum, item) => sum + (item.included ? item.tokens : 0), 0);
      const bundle = { id: newId(), sessionId, fromSessionId, budgetTokens, usedTokens, task };
      const createdAt = await keep(tx, bundle, items);
      await adopt(tx, sessionId, fromSessionId);
      return { ...bundle, createdAt, items: items.map(({ memory, ...rest }) => ({ memory, memoryId: memory.id, ...rest })) };
    });
  }

  /** The bundles of a session, newest first, without their items. */
  async list(sessionId: string, limit: number, after: Place | undefined): Promise<Slice<InheritanceBundle>> {
    return readSlice(await this.database.manager(), {
      entity: InheritanceBundle,
      orderBy: 'row.createdAt',
      keyType: 'timestamptz',
      limit,
      after,
      where: (query) => query.where('row.sessionId = :sessionId', { sessionId }),
    });
  }

  /** A bundle as it was made; a memory that is gone since is null. @throws AppError `not_found` */
  async get(id: string): Promise<InheritedBundle> {
    const [bundle] = await this.database.query<Omit<InheritedBundle, 'items'>>(
      `SELECT id, session_id AS "sessionId", from_session_id AS "fromSessionId", budget_tokens AS "budgetTokens",
              used_tokens AS "usedTokens", task, created_at AS "createdAt"
         FROM coding_rule2.inheritance_bundles WHERE id = $1`,
      [id],
    );
    if (bundle === undefined) throw notFound();
    const rows = await this.database.query<Memory & Omit<InheritedMemory, 'memory'>>(
      `SELECT i.memory_id AS "memoryId", i.tokens, i.included, i.reason, i.generation, i.relevance, m.*
         FROM coding_rule2.inheritance_items i
         LEFT JOIN (SELECT ${MEMORY_COLUMNS} FROM coding_rule2.memory_inheritance WHERE ${NOT_EXPIRED}) m ON m.id = i.memory_id
        WHERE i.bundle_id = $1
        ORDER BY i.position`,
      [id],
    );
    const items = rows.map(({ memoryId, tokens, included, reason, generation, relevance, ...memory }) => ({
      memory: memory.id === null ? null : memory,
      memoryId,
      generation,
      relevance,
      tokens,
      included,
      reason,
    }));
    return { ...bundle, items };
  }
}

async function keep(tx: EntityManager, bundle: Omit<InheritedBundle, 'createdAt' | 'items'>, items: readonly Choice[]): Promise<Date> {
  const rows = await tx.query<{ createdAt: Date }[]>(
    `INSERT INTO coding_rule2.inheritance_bundles (id, session_id, from_session_id, budget_tokens, used_tokens, task)
     VALUES ($1, $2, $3, $4, $5, $6) RETURNING created_at AS "createdAt"`,
    [bundle.id, bundle.sessionId, bundle.fromSessionId, bundle.budgetTokens, bundle.usedTokens, bundle.task],
  );
  await tx.query(
    `INSERT INTO coding_rule2.inheritance_items
            (bundle_id, position, memory_id, memory_session_id, generation, relevance, tokens, included, reason)
     SELECT $1, i.position, i.memory_id, i.memory_session_id, i.generation, i.relevance, i.tokens, i.included, i.reason
       FROM unnest($2::int[], $3::uuid[], $4::varchar[], $5::int[], $6::float8[], $7::int[], $8::bool[], $9::text[])
            AS i (position, memory_id, memory_session_id, generation, relevance, tokens, included, reason)`,
    [
      bundle.id,
      items.map((_, position) => position),
      items.map((item) => item.memory.id),
      items.map((item) => item.memory.sessionId),
      items.map((item) => item.generation),
      items.map((item) => item.relevance),
      items.map((item) => item.tokens),
      items.map((item) => item.included),
      items.map((item) => item.reason),
    ],
  );
  return rows[0]?.createdAt ?? new Date();
}
