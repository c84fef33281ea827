import { createHash } from 'node:crypto';
import type { RoleDatabase } from '../database/role-database.js';
import { AppError } from '../errors/app-error.js';
import { isForgotten } from './forget-answers.js';

export interface IdempotentRequest {
  readonly apiKeyId: string;
  readonly method: string;
  readonly path: string;
  /** The caller's own name for the request. */
  readonly key: string;
  /** The body as it was parsed. */
  readonly body: unknown;
}

export interface RecordedAnswer {
  readonly location: string | null;
  readonly response: unknown;
}

interface Identity {
  readonly holder: string;
  readonly apiKeyId: string;
  readonly requestKey: Buffer;
  readonly bodyHash: Buffer;
}

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Runs `effect` once for each key. The record is the first thing that its transaction writes: a second request with
 * the same key waits right there until the first commits (and then repeats its answer) or fails (and then runs itself).
 * @param effect runs in the transaction of the record; its answer is kept
 * @throws AppError `idempotency_key_reused` for another body, `idempotency_in_progress` where the first takes longer than 5 s
 */
export async function once(
  database: RoleDatabase,
  request: IdempotentRequest,
  effect: () => Promise<RecordedAnswer>,
): Promise<RecordedAnswer & { readonly repeated: boolean }> {
  const identity = identify(database.subject, request);
  return database.unitOfWork(async () => {
    if (!(await isFirst(database, identity))) return { ...(await recorded(database, identity)), repeated: true };
    const answer = await effect();
    await database.query(
      `UPDATE core.idempotency_records SET location = $4, response = $5
        WHERE product_id = $1 AND api_key_id = $2 AND request_key = $3`,
      [identity.holder, identity.apiKeyId, identity.requestKey, answer.location, JSON.stringify(answer.response ?? null)],
    );
    return { ...answer, repeated: false };
  });
}

function identify(holder: string, { apiKeyId, method, path, key, body }: IdempotentRequest): Identity {
  return { holder, apiKeyId, requestKey: hash(JSON.stringify([method, path, key])), bodyHash: hash(JSON.stringify(body) ?? '') };
}

/** A record older than 24 hours that has not been purged yet counts as gone. */
async function isFirst(database: RoleDatabase, { holder, apiKeyId, requestKey, bodyHash }: Identity): Promise<boolean> {
  try {
    const rows = await database.query(
      `INSERT INTO core.idempotency_records AS r (product_id, api_key_id, request_key, body_hash)
       VALUES ($1, $2, $3, $4)
       ON CONFLICT (product_id, api_key_id, request_key) DO UPDATE
          SET body_hash = excluded.body_hash, location = NULL, response = NULL, created_at = now()
        WHERE r.created_at < now() - interval '24 hours'
       RETURNING 1 AS first`,
      [holder, apiKeyId, requestKey, bodyHash],
    );
    return rows.length > 0;
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === LOCK_NOT_AVAILABLE)) throw error;
    throw new AppError('idempotency_in_progress', 'A request with this Idempotency-Key is still being worked on. Ask again in a moment.', {
      retryAfter: 1,
      cause: error,
    });
  }
}

async function recorded(database: RoleDatabase, { holder, apiKeyId, requestKey, bodyHash }: Identity): Promise<RecordedAnswer> {
  const [row] = await database.query<RecordedAnswer & { bodyHash: Buffer }>(
    `SELECT location, response, body_hash AS "bodyHash" FROM core.idempotency_records
      WHERE product_id = $1 AND api_key_id = $2 AND request_key = $3`,
    [holder, apiKeyId, requestKey],
  );
  if (row === undefined) throw new AppError('unavailable', 'The answer to this Idempotency-Key has just expired. Ask again.', { retryAfter: 1 });
  if (isForgotten(row.response)) {
    throw new AppError('conflict', 'What the first request with this Idempotency-Key wrote has been forgotten since. Use a new key to write it anew.');
  }
  if (row.bodyHash.equals(bodyHash)) return { location: row.location, response: row.response };
  throw new AppError('idempotency_key_reused', 'This Idempotency-Key was used with another body. Use a new key for a new request.');
}

function hash(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
