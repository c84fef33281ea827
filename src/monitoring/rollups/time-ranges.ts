/** From and to, in milliseconds; what ends it does not belong to it. */
export interface TimeRange {
  readonly from: number;
  readonly to: number;
}

export const HOUR_MS = 3_600_000;

/** How a summary is put together. */
export interface SummaryPlan {
  /** Starts of hours that come from rollups, ascending. */
  readonly rolled: readonly number[];
  /** Ranges whose buckets hold no rolled hour: summed up exactly. */
  readonly exact: readonly TimeRange[];
  /** Ranges in buckets that hold rolled hours too: sketched, and merged with them. */
  readonly merged: readonly TimeRange[];
}

/**
 * @param range what is asked for
 * @param bucketMs a whole number of hours
 * @param rolledHours starts of hours with good rollups, in any order, also outside the range
 */
export function planSummary(range: TimeRange, bucketMs: number, rolledHours: readonly number[]): SummaryPlan {
  const rolled = rolledHours.filter((hour) => hour >= range.from && hour + HOUR_MS <= range.to).sort((a, b) => a - b);
  const bucketOf = (time: number): number => Math.floor(time / bucketMs);
  const withRollups = new Set(rolled.map(bucketOf));
  const gaps = gapsBetween(range, rolled).flatMap((gap) => split(gap, bucketMs));
  return {
    rolled,
    exact: gaps.filter((gap) => !withRollups.has(bucketOf(gap.from))).reduce(join, []),
    merged: gaps.filter((gap) => withRollups.has(bucketOf(gap.from))),
  };
}

function gapsBetween({ from, to }: TimeRange, rolled: readonly number[]): TimeRange[] {
  const edges = [...rolled, to];
  const starts = [from, ...rolled.map((hour) => hour + HOUR_MS)];
  return starts.map((start, index) => ({ from: start, to: edges[index] ?? to })).filter((gap) => gap.from < gap.to);
}

/** At the bounds of the buckets. */
function split({ from, to }: TimeRange, bucketMs: number): TimeRange[] {
  const parts: TimeRange[] = [];
  for (let start = from; start < to; ) {
    const end = Math.min(to, (Math.floor(start / bucketMs) + 1) * bucketMs);
    parts.push({ from: start, to: end });
    start = end;
  }
  return parts;
}

function join(ranges: TimeRange[], next: TimeRange): TimeRange[] {
  const last = ranges.at(-1);
  return last?.to === next.from ? [...ranges.slice(0, -1), { from: last.from, to: next.to }] : [...ranges, next];
}
