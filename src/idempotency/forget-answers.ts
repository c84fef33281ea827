import type { Queryable } from '../database/admin-connection.js';

/** What an answer is replaced by when the data in it is erased: the record stays, so that a late repetition writes nothing anew. */
const FORGOTTEN = '{"forgotten":true}';

/** How an answer that must not stay is known. */
export interface AnswersAbout {
  /** Pieces of JSON as JSON.stringify writes them, e.g. `"sessionId":"s"`. */
  readonly texts: readonly string[];
  readonly ids: readonly string[];
}

const ABOUT = `
  r.response IS NOT NULL AND r.response::text <> $3::text
  AND (EXISTS (SELECT FROM unnest($1::text[]) t WHERE strpos(r.response::text, t) > 0)
       OR EXISTS (SELECT FROM regexp_matches(concat(r.response::text, r.location),
                                             '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}', 'g') m
                   WHERE m[1]::uuid = ANY ($2::uuid[])))`;

/** Blanks the recorded answers that hold erased data; row-level security keeps it to the caller's own. @returns how many */
export async function forgetAnswers(database: Queryable, { texts, ids }: AnswersAbout): Promise<number> {
  const rows = await database.query(
    `UPDATE core.idempotency_records r SET location = NULL, response = $3::text::json WHERE ${ABOUT} RETURNING 1`,
    [texts, ids, FORGOTTEN],
  );
  return rows.length;
}

/** How many recorded answers still hold any of it. */
export async function countAnswers(database: Queryable, { texts, ids }: AnswersAbout): Promise<number> {
  const [row] = await database.query<{ count: number }>(`SELECT count(*)::int AS count FROM core.idempotency_records r WHERE ${ABOUT}`, [texts, ids, FORGOTTEN]);
  return row?.count ?? 0;
}

export function isForgotten(response: unknown): boolean {
  return JSON.stringify(response) === FORGOTTEN;
}
