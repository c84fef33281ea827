import pg from 'pg';
import { asSuperuser, urlOfDatabase } from '../../support/postgres-server.js';
import { superuserRows } from './superuser-rows.js';
import { until } from './until.js';

export interface Backend {
  readonly pid: number;
  readonly application: string;
  readonly wait: string | null;
  readonly inTransaction: boolean;
}

/** The connections that a service serves with, as the server sees them. */
export async function servingBackends(database: string): Promise<Backend[]> {
  return superuserRows<Backend>('postgres', servingSql(database));
}

export function servingSql(database: string): string {
  return `SELECT pid, application_name AS application, wait_event_type AS wait, state = 'idle in transaction' AS "inTransaction" FROM pg_stat_activity
           WHERE datname = '${database}' AND application_name LIKE 'nagaya:%' AND application_name <> 'nagaya:probe'`;
}

/** Waits until so many connections of a product stand before a lock. */
export async function waitingForLock(database: string, productId: string, count = 1): Promise<Backend[]> {
  return until(async () => {
    const waiting = (await servingBackends(database)).filter((backend) => backend.application === `nagaya:${productId}` && backend.wait === 'Lock');
    return waiting.length >= count ? waiting : undefined;
  });
}

/** How many connections to a database, whosever, stand before a lock. */
export async function waitingIn(database: string): Promise<number> {
  const [row] = await superuserRows<{ count: number }>(
    'postgres',
    `SELECT count(*)::int FROM pg_stat_activity WHERE datname = '${database}' AND wait_event_type = 'Lock'`,
  );
  return row?.count ?? 0;
}

export async function terminate(backends: readonly Backend[]): Promise<void> {
  await asSuperuser('postgres', ...backends.map(({ pid }) => `SELECT pg_terminate_backend(${pid})`));
}

/** Runs `work` while a superuser keeps everybody else out of a table. */
export async function whileLocked<T>(database: string, table: string, work: () => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: urlOfDatabase(database) });
  await client.connect();
  try {
    await client.query(`BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`);
    return await work();
  } finally {
    await client.end();
  }
}
