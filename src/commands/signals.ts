/** Ends with the first SIGTERM or SIGINT. A second one, while the process finishes its work, ends it at once. */
export function untilSignalled(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
}
