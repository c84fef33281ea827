import { rm } from 'node:fs/promises';
import { ENGINE, TEMPLATE_FOLDER } from './engine.js';
import { clearServer } from './postgres-server.js';

export default async function globalTeardown(): Promise<void> {
  if (ENGINE === 'postgres') await clearServer();
  else await rm(TEMPLATE_FOLDER, { recursive: true, force: true });
}
