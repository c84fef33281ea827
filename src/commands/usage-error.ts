/** Used the wrong way: exit status 2, where a failure is 1. */
export class UsageError extends Error {}
