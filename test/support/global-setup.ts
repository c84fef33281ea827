import 'reflect-metadata';
import { randomUUID } from 'node:crypto';

/** Makes the one migrated database that the test files get copies of. */
export default async function globalSetup(): Promise<void> {
  process.env['TEST_RUN'] = randomUUID().slice(0, 8);
  // Loaded after the run has its name: the template's folder is called after it.
  const { makeTemplate } = await import('./template.js');
  await makeTemplate();
}
