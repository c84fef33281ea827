import type { Bed } from './bed.js';

/** What is held against a figure. A ratio says how Nagaya does beside plain `pg` in the same run; more is better unless `atMost` is given. */
export interface Target {
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One measured number. */
export interface Figure {
  readonly what: string;
  readonly value: number;
  /** E.g. `req/s`, `ms`, `MB`; `ratio` for a value that is one itself. */
  readonly unit: string;
  /** `value` as a share of what it is compared with, measured in the same run. */
  readonly ratio?: number;
  /** Holds for `ratio` where there is one, else for `value`. */
  readonly target?: Target;
}

/** A subject that is measured: one file `<name>.bench.ts` that exports it as `benchmark`. */
export interface Benchmark {
  readonly name: string;
  readonly title: string;
  /** What it can be asked for alone (`--part`), where all of it takes long. */
  readonly parts?: readonly string[];
  /** What is missing and how to get it, where it can't be measured here. */
  missing?(): string | undefined;
  run(bed: Bed): Promise<readonly Figure[]>;
}

export function meetsTarget({ value, ratio, target }: Figure): boolean {
  const measured = ratio ?? value;
  return measured >= (target?.atLeast ?? -Infinity) && measured <= (target?.atMost ?? Infinity);
}
