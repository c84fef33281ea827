import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { newId } from '../../../database/new-id.js';
import { invalid } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { MEMORY_COLUMNS, NOT_EXPIRED } from './memories.service.js';
import type { InheritedBundle, InheritedMemory } from './memory.dto.js';
import type { Memory } from './memory.entity.js';

/** Most memories that one bundle looks at: the most valuable ones; a session with more has lost the thread anyway. */
const MAX_CONSIDERED = 1_000;
/** Rough and the same for every model and language: text runs at about four bytes a token. */
const BYTES_A_TOKEN = 4;

/** Hands a session's memories on to the next one, within a budget. */
@Injectable()
export class InheritanceService {
  constructor(private readonly database: CodingRule2Database) {}

  /**
   * Takes memories over in the order of their worth (retention priority, then newest) while they fit; one that does
   * not fit is left out and the next, smaller one still gets its chance. What was taken, what was not, and why, is
   * recorded in the transaction that reads it. Asking again makes a new bundle.
   */
  async inherit(sessionId: string, fromSessionId: string, budgetTokens: number): Promise<InheritedBundle> {
    if (sessionId === fromSessionId) throw invalid('/fromSessionId', 'must be another session than the one that inherits');
    return this.database.transaction(async (tx) => {
      const memories = await tx.query<Memory[]>(
        `SELECT ${MEMORY_COLUMNS} FROM coding_rule2.memory_inheritance
          WHERE session_id = $1 AND ${NOT_EXPIRED}
          ORDER BY retention_priority DESC, created_at DESC, id DESC
          LIMIT ${MAX_CONSIDERED}`,
        [fromSessionId],
      );
      const items = choose(memories, budgetTokens);
      const usedTokens = items.reduce((sum, item) => sum + (item.included ? item.tokens : 0), 0);
      const bundle = { id: newId(), sessionId, fromSessionId, budgetTokens, usedTokens };
      const createdAt = await keep(tx, bundle, items);
      return { ...bundle, createdAt, items };
    });
  }
}

/** Estimated tokens of a memory: UTF-8 bytes of its content as JSON / 4, rounded up. */
export function estimateTokens(content: unknown): number {
  return Math.ceil(Buffer.byteLength(JSON.stringify(content)) / BYTES_A_TOKEN);
}

/** Which memories fit, in the order given. */
export function choose(memories: readonly Memory[], budgetTokens: number): InheritedMemory[] {
  let left = budgetTokens;
  return memories.map((memory) => {
    const tokens = estimateTokens(memory.memoryContent);
    const included = tokens <= left;
    const fit = included ? `fit in the ${format(left)} that were left` : `do not fit in the ${format(left)} that were left`;
    if (included) left -= tokens;
    return { memory, tokens, included, reason: `priority ${memory.retentionPriority}; ${format(tokens)} tokens ${fit}` };
  });
}

async function keep(tx: EntityManager, bundle: Omit<InheritedBundle, 'createdAt' | 'items'>, items: readonly InheritedMemory[]): Promise<Date> {
  const rows = await tx.query<{ createdAt: Date }[]>(
    `INSERT INTO coding_rule2.inheritance_bundles (id, session_id, from_session_id, budget_tokens, used_tokens)
     VALUES ($1, $2, $3, $4, $5) RETURNING created_at AS "createdAt"`,
    [bundle.id, bundle.sessionId, bundle.fromSessionId, bundle.budgetTokens, bundle.usedTokens],
  );
  await tx.query(
    `INSERT INTO coding_rule2.inheritance_items (bundle_id, position, memory_id, tokens, included, reason)
     SELECT $1, i.position, i.memory_id, i.tokens, i.included, i.reason
       FROM unnest($2::int[], $3::uuid[], $4::int[], $5::bool[], $6::text[]) AS i (position, memory_id, tokens, included, reason)`,
    [
      bundle.id,
      items.map((_, position) => position),
      items.map((item) => item.memory.id),
      items.map((item) => item.tokens),
      items.map((item) => item.included),
      items.map((item) => item.reason),
    ],
  );
  return rows[0]?.createdAt ?? new Date();
}

function format(tokens: number): string {
  return tokens.toLocaleString('en-GB');
}
