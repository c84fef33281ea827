import { rm } from 'node:fs/promises';
import { BACKUPS_FOLDER, ENGINE, TEMPLATE_FOLDER } from './engine.js';
import type { Pooler } from './pgbouncer.js';
import { clearServer } from './postgres-server.js';

export default async function globalTeardown(): Promise<void> {
  await (globalThis as { poolerInFront?: Pooler }).poolerInFront?.stop();
  if (ENGINE === 'postgres') await clearServer();
  else for (const folder of [TEMPLATE_FOLDER, BACKUPS_FOLDER]) await rm(folder, { recursive: true, force: true });
}
