/** The slope is that of the places from here on: those before may stand out, which is the question. */
const SLOPE_FROM = 10;
const SLOPE_TO = 100;
/** Fewer places than these tell no slope. */
const ENOUGH_PLACES = 5;
/** Further than this nobody knows how scores are spread. */
export const MOST_NATS = 12;

/**
 * How far a score stands out from a list of scores, in nats: minus the logarithm of how many rows one would expect so far up
 * if the scores went on as they fall further down. The tail of nearly any distribution falls exponentially, so that the kth
 * best of rows that chance brought lies at `a − b ln k`: the best at about 0, the tenth at −ln 10. A and b are taken from
 * the list itself, which makes this the same for any scale of scores.
 * @param scores best first
 * @returns undefined where there are too few to tell
 */
export function standOut(scores: readonly number[]): ((score: number) => number) | undefined {
  const tail = scores.slice(SLOPE_FROM, SLOPE_TO);
  if (tail.length < ENOUGH_PLACES) return undefined;
  const places = tail.map((_, at) => -Math.log(SLOPE_FROM + at + 0.5));
  const [x, y] = [mean(places), mean(tail)];
  const covariance = places.reduce((sum, place, at) => sum + (place - x) * (tail[at]! - y), 0);
  const b = covariance / places.reduce((sum, place) => sum + (place - x) ** 2, 0);
  // Rows that all score alike: those that score more do stand out, but by how much, their list does not say.
  if (!(b > Number.EPSILON * Math.abs(y))) return (score) => (score > y ? MOST_NATS : -Math.log(scores.length));
  const a = y - b * x;
  return (score) => Math.min((score - a) / b, MOST_NATS);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
