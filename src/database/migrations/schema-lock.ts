import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../errors/app-error.js';
import type { Queryable } from '../admin-connection.js';

/** First key of all our advisory locks: "ngy" in ASCII, so that a DBA who looks at pg_locks can tell whose they are. */
export const LOCK_SPACE = 0x6e6779;
const POLL_MS = 100;
/** A migration that runs longer than this under another process is for a person to look at. */
const WAIT_MS = 10 * 60_000;

const HOLDER_SQL = `
  SELECT a.pid, a.usename AS role, a.application_name AS application, a.state, now() - a.xact_start AS age
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
   WHERE l.locktype = 'advisory' AND l.granted AND l.classid = $1::int4::oid AND l.objid = hashtext($2)::oid AND l.objsubid = 2
     AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())`;

/**
 * Runs `work` while no other process does the same for this name. Polled: the waiting kind would sit in a
 * transaction and deadlock CREATE INDEX CONCURRENTLY. Session-level, on the very connection that the work runs on,
 * so that it is gone when that connection is. On the embedded engine it excludes nobody; there the folder's lock does.
 * @param signal aborted: waiting for the lock ends with its reason; work that has begun is not disturbed
 * @throws AppError `timeout` naming who holds the lock
 */
export async function withLock<T>(db: Queryable, name: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const deadline = Date.now() + WAIT_MS;
  while (!(await tryLock(db, name))) {
    signal?.throwIfAborted();
    if (Date.now() > deadline) throw await lockTimeout(db, name);
    await sleep(POLL_MS * (0.5 + Math.random()));
  }
  try {
    return await work();
  } finally {
    // A broken connection has dropped the lock already; the failure of the work is what counts.
    await db.query('SELECT pg_advisory_unlock($1::int4, hashtext($2))', [LOCK_SPACE, name]).catch(() => {});
  }
}

async function tryLock(db: Queryable, name: string): Promise<boolean> {
  const [row] = await db.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1::int4, hashtext($2)) AS locked', [LOCK_SPACE, name]);
  return row?.locked ?? false;
}

async function lockTimeout(db: Queryable, name: string): Promise<AppError> {
  const [holder] = await db.query<{ pid: number; role: string; application: string }>(HOLDER_SQL, [LOCK_SPACE, name]);
  const who = holder ? `process ${holder.pid} (${holder.role}, ${holder.application || 'no application name'})` : 'a process that has just let it go';
  return new AppError('timeout', `The lock "${name}" was held by ${who} for ${WAIT_MS / 60_000} minutes. Look at what it does, end it if it hangs, and run this again.`);
}

/** Takes a lock that nobody else asks for and keeps it for as long as the connection lives. */
export async function holdLock(db: Queryable, name: string): Promise<void> {
  await tryLock(db, name);
}

/** Whether some living connection has that lock. */
export async function isHeld(db: Queryable, name: string): Promise<boolean> {
  if (!(await tryLock(db, name))) return true;
  await db.query('SELECT pg_advisory_unlock($1::int4, hashtext($2))', [LOCK_SPACE, name]);
  return false;
}
