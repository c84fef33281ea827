import type { EntityManager } from 'typeorm';
import { AppError } from '../../../errors/app-error.js';

/** Generations that an inheritance looks up: past so many, what was worth keeping has been handed on by others. */
const MAX_GENERATIONS = 100;

/**
 * The sessions `line (session_id, generation)` from $1 upwards: itself is generation 1, what it inherits from 2, and so on; of
 * two ways up the shorter counts. The limit also ends a circle that plain SQL has made.
 */
export const LINE_UPWARDS = `
  climb (session_id, generation) AS (
    SELECT $1::varchar, 1
    UNION
    SELECT p.parent_session_id, c.generation + 1
      FROM climb c JOIN coding_rule2.session_parents p ON p.session_id = c.session_id
     WHERE c.generation < ${MAX_GENERATIONS}
  ), line AS (
    SELECT session_id, min(generation)::int AS generation FROM climb GROUP BY session_id
  )`;

/**
 * Makes one session the other's parent; known already, it stays so. Two sessions that adopt each other at the same moment
 * take turns, so one of them is refused; the lock is on a table of the product's own, where no other product can wait for it.
 * @throws AppError `conflict` where the parent inherits from the session, directly or through others
 */
export async function adopt(tx: EntityManager, sessionId: string, parentId: string): Promise<void> {
  const known = await tx.query<object[]>('SELECT 1 FROM coding_rule2.session_parents WHERE session_id = $1 AND parent_session_id = $2', [sessionId, parentId]);
  if (known.length > 0) return;
  await tx.query('LOCK TABLE coding_rule2.session_parents IN SHARE ROW EXCLUSIVE MODE');
  const [circle] = await tx.query<{ found: number }[]>(
    `WITH RECURSIVE climb (session_id) AS (
       SELECT $1::varchar
       UNION
       SELECT p.parent_session_id FROM climb c JOIN coding_rule2.session_parents p ON p.session_id = c.session_id
     )
     SELECT 1 AS found FROM climb WHERE session_id = $2`,
    [parentId, sessionId],
  );
  if (circle !== undefined) throw inACircle(sessionId, parentId);
  await tx.query('INSERT INTO coding_rule2.session_parents (session_id, parent_session_id) VALUES ($1, $2)', [sessionId, parentId]);
}

function inACircle(sessionId: string, parentId: string): AppError {
  return new AppError('conflict', 'Sessions must not inherit from each other in a circle. Let a new session inherit instead.', {
    fields: [{ pointer: '/fromSessionId', detail: `${parentId} inherits from ${sessionId} already, directly or through other sessions` }],
  });
}
