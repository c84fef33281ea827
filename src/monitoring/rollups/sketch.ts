/**
 * Values are counted in buckets whose bounds grow by a constant factor, so that whatever stands in a bucket is within half a
 * percent of its middle, be it nanoseconds or gigabytes (the idea of DDSketch). Keys sort as the values do: 0 is 0, negative
 * values have negative keys. Two sketches are merged by adding up the counts.
 */
const ACCURACY = 0.005;
const GAMMA = (1 + ACCURACY) / (1 - ACCURACY);
const LN_GAMMA = Math.log(GAMMA);
/** ln of the smallest double is −745, by LN_GAMMA some −74,500: keys of positive values stay positive. */
const OFFSET = 100_000;

/** SQL that gives the key of a value. @param value a column or expression of type double precision */
export function sketchKeySql(value: string): string {
  return `(CASE WHEN ${value} = 0 THEN 0 ELSE sign(${value}) * (ceil(ln(abs(${value})) / ${LN_GAMMA}) + ${OFFSET}) END)::integer`;
}

/** What a value of that bucket is taken for. */
export function valueOfKey(key: number): number {
  if (key === 0) return 0;
  return (Math.sign(key) * 2 * Math.exp((Math.abs(key) - OFFSET) * LN_GAMMA)) / (1 + GAMMA);
}

export interface Sketch {
  /** Ascending. */
  readonly keys: readonly number[];
  /** How many values have that key. */
  readonly counts: readonly number[];
  readonly min: number;
  readonly max: number;
}

/** As `percentile_cont` does it, interpolated between the two nearest ranks. @param share 0 to 1 */
export function percentileOf(sketch: Sketch, share: number): number {
  const total = sketch.counts.reduce((sum, count) => sum + count, 0);
  const place = share * (total - 1);
  const low = valueAtRank(sketch, Math.floor(place), total);
  const high = valueAtRank(sketch, Math.ceil(place), total);
  return low + (high - low) * (place - Math.floor(place));
}

/** The ends are known exactly. */
function valueAtRank({ keys, counts, min, max }: Sketch, rank: number, total: number): number {
  if (rank <= 0) return min;
  if (rank >= total - 1) return max;
  let seen = 0;
  for (const [index, key] of keys.entries()) {
    seen += counts[index] ?? 0;
    if (seen > rank) return Math.min(max, Math.max(min, valueOfKey(key)));
  }
  return max;
}
