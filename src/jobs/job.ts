/** Scheduled work that one of any number of replicas does. Modules declare theirs and hand them to `JobRunner.add`. */
export interface Job {
  /** Stable: it is the row's key. */
  readonly name: string;
  /** From the end of one run to the start of the next. */
  readonly everySeconds: number;
  /** After this long without a sign of life another replica takes over. Renewed while the job runs. */
  readonly leaseSeconds: number;
  /** Due also whenever a process starts, unless it has run within the last half minute: what people look at first should not be old. */
  readonly atStart?: boolean;
  /** Safe to repeat: a run that was taken over may have got anywhere. `signal` aborts at shutdown and when the claim is lost. */
  run(signal: AbortSignal): Promise<void>;
}
