import { AppError } from '../errors/app-error.js';

/** Ends with the first SIGTERM or SIGINT. A second one, while the process finishes its work, ends it at once. */
export function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}

/** A signal that aborts with the first SIGTERM or SIGINT, so that a verb can clean up; a second one ends the process at once. */
export function abortOnSignal(message: string): AbortSignal {
  const stop = new AbortController();
  void untilSignalled().then(() => stop.abort(new AppError('unavailable', message)));
  return stop.signal;
}
