/**
 * The first SIGINT or SIGTERM asks work to stop where it is safe; a second one ends the process at once.
 * @param notice said on standard error when it is asked
 */
export function stopSignal(notice: string): { readonly signal: AbortSignal; done(): void } {
  const controller = new AbortController();
  const stop = (): void => {
    process.stderr.write(`\n${notice}\n`);
    controller.abort();
    done();
  };
  const done = (): void => {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  return { signal: controller.signal, done };
}
