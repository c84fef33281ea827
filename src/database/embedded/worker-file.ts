import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { AppError } from '../../errors/app-error.js';

const ROOT = new URL('../../../', import.meta.url).pathname;

/**
 * Where a worker thread's code is: the file `name` beside the caller's. A thread that is started from TypeScript sources (tsx,
 * Jest) has no loader for them, as neither hands its own on to threads, so there it is the built file.
 * @param here the caller's `import.meta.url`
 */
export function workerFile(name: string, here: string): URL {
  const beside = new URL(name, here);
  // A loader may have hung a query on the caller's URL.
  if (!new URL(here).pathname.endsWith('.ts')) return beside;
  const built = new URL(`file://${ROOT}dist/${beside.pathname.slice(ROOT.length)}`);
  if (!existsSync(built)) {
    throw new AppError('unavailable', `The embedded database runs from the build, and ${fileURLToPath(built)} is not there: run "npm run build" first.`);
  }
  return built;
}
