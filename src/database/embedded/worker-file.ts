import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/app-error.js';

/**
 * Where the worker thread's code is. A thread that is started from TypeScript sources (tsx, Jest) has no loader for
 * them, as neither hands its own on to threads, so there it is the built file.
 */
export function workerFile(here = import.meta.url): URL {
  // A loader may have hung a query on the file's URL.
  if (!new URL(here).pathname.endsWith('.ts')) return new URL('embedded-worker.js', here);
  const built = new URL('../../../dist/src/database/embedded/embedded-worker.js', here);
  if (!existsSync(built)) {
    throw new AppError('unavailable', `The embedded database runs from the build, and ${fileURLToPath(built)} is not there: run "npm run build" first.`);
  }
  return built;
}
