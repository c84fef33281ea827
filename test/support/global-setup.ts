import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import type { Pooler } from './pgbouncer.js';

/** Makes the one migrated database that the test files get copies of, and puts a PgBouncer in front where the run asks for one. */
export default async function globalSetup(): Promise<void> {
  process.env['TEST_RUN'] = randomUUID().slice(0, 8);
  // Loaded after the run has its name: the template's folder is called after it.
  const { makeTemplate } = await import('./template.js');
  await makeTemplate();
  const { THROUGH_PGBOUNCER } = await import('./engine.js');
  if (THROUGH_PGBOUNCER) await putPoolerInFront();
}

/** Test files run in processes of their own: they learn its address from the environment, and the teardown, loaded anew, finds it there. */
async function putPoolerInFront(): Promise<void> {
  const { startPgBouncer } = await import('./pgbouncer.js');
  const pooler = await startPgBouncer();
  process.env['TEST_PGBOUNCER_URL'] = pooler.urlOf('');
  (globalThis as { poolerInFront?: Pooler }).poolerInFront = pooler;
}
