import type { Queryable } from '../../../database/admin-connection.js';
import type { ErasedRows } from './forgotten.dto.js';

/** One statement that erases; $1 is the session or the memory, and each row that it touches comes back. */
export interface Erasure {
  readonly table: string;
  readonly how: ErasedRows['how'];
  readonly sql: string;
}

/** In an order in which nothing is found through what has gone before. */
export function eraseSession(eraseViolations: boolean): Erasure[] {
  return [
    {
      table: 'inheritance_items',
      how: 'deleted',
      sql: `DELETE FROM coding_rule2.inheritance_items i
             WHERE i.memory_session_id = $1
                OR i.bundle_id IN (SELECT id FROM coding_rule2.inheritance_bundles WHERE session_id = $1 OR from_session_id = $1)
            RETURNING 1`,
    },
    { table: 'inheritance_bundles', how: 'deleted', sql: `DELETE FROM coding_rule2.inheritance_bundles WHERE session_id = $1 OR from_session_id = $1 RETURNING 1` },
    { table: 'session_parents', how: 'deleted', sql: `DELETE FROM coding_rule2.session_parents WHERE session_id = $1 OR parent_session_id = $1 RETURNING 1` },
    { table: 'memory_sources', how: 'deleted', sql: `DELETE FROM coding_rule2.memory_sources WHERE session_id = $1 RETURNING 1` },
    {
      table: 'memory_kept_embeddings',
      how: 'deleted',
      sql: `DELETE FROM coding_rule2.memory_kept_embeddings WHERE memory_id IN (SELECT id FROM coding_rule2.memory_inheritance WHERE session_id = $1) RETURNING 1`,
    },
    {
      table: 'conversation_kept_embeddings',
      how: 'deleted',
      sql: `DELETE FROM coding_rule2.conversation_kept_embeddings
             WHERE conversation_id IN (SELECT id FROM coding_rule2.conversation_context WHERE session_id = $1) RETURNING 1`,
    },
    { table: 'memory_inheritance', how: 'deleted', sql: `DELETE FROM coding_rule2.memory_inheritance WHERE session_id = $1 RETURNING 1` },
    { table: 'conversation_context', how: 'deleted', sql: `DELETE FROM coding_rule2.conversation_context WHERE session_id = $1 RETURNING 1` },
    {
      table: 'mistake_occurrences',
      how: 'unlinked',
      sql: `UPDATE coding_rule2.mistake_occurrences SET session_id = NULL, detail = NULL WHERE session_id = $1 RETURNING 1`,
    },
    eraseViolations
      ? { table: 'constitutional_violations', how: 'deleted', sql: `DELETE FROM coding_rule2.constitutional_violations WHERE session_id = $1 RETURNING 1` }
      : { table: 'constitutional_violations', how: 'unlinked', sql: `UPDATE coding_rule2.constitutional_violations SET session_id = NULL WHERE session_id = $1 RETURNING 1` },
  ];
}

export function eraseMemory(): Erasure[] {
  return [
    {
      table: 'inheritance_items',
      how: 'deleted',
      sql: `DELETE FROM coding_rule2.inheritance_items
             WHERE memory_id = $1 OR memory_id IN (SELECT id FROM coding_rule2.memory_sources WHERE kept_memory_id = $1) RETURNING 1`,
    },
    { table: 'memory_sources', how: 'deleted', sql: `DELETE FROM coding_rule2.memory_sources WHERE id = $1 OR kept_memory_id = $1 RETURNING 1` },
    { table: 'memory_kept_embeddings', how: 'deleted', sql: `DELETE FROM coding_rule2.memory_kept_embeddings WHERE memory_id = $1 RETURNING 1` },
    { table: 'memory_inheritance', how: 'deleted', sql: `DELETE FROM coding_rule2.memory_inheritance WHERE id = $1 RETURNING 1` },
  ];
}

/** Ids by which recorded answers about a session are known. Collected before anything is erased. */
export async function idsOfSession(database: Queryable, sessionId: string): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    `SELECT id FROM coding_rule2.conversation_context WHERE session_id = $1
     UNION ALL SELECT id FROM coding_rule2.memory_inheritance WHERE session_id = $1
     UNION ALL SELECT id FROM coding_rule2.memory_sources WHERE session_id = $1
     UNION ALL SELECT id FROM coding_rule2.inheritance_bundles WHERE session_id = $1 OR from_session_id = $1`,
    [sessionId],
  );
  return rows.map((row) => row.id);
}

export async function idsOfMemory(database: Queryable, id: string): Promise<string[]> {
  const rows = await database.query<{ id: string }>(`SELECT id FROM coding_rule2.memory_sources WHERE kept_memory_id = $1`, [id]);
  return [id, ...rows.map((row) => row.id)];
}
