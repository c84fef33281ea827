import { MOST_A_TERM, termScore, type LengthNorm } from './bm25.js';
import { placeOf, WINDOW_SIZE, type Postings } from './segment-format.js';
import type { TopRows } from './top-rows.js';

/** A term of the query in one segment; the weight is its inverse frequency times how often the query says it. */
export interface WeightedPostings {
  readonly weight: number;
  readonly postings: Postings;
}

export interface ScoredSegment {
  readonly firstNo: number;
  readonly lastNo: number;
  readonly lengths: Float32Array;
  readonly terms: readonly WeightedPostings[];
}

/** The sums of one segment at a time; JavaScript runs one search at a time through here, so one array does for all. */
const sums = new Float64Array(WINDOW_SIZE);

/**
 * Adds the best rows of a segment to `top`. Exact: a frequent term's rows are looked up one by one where only few of them
 * can still come in, because its weight could not lift the others above what is in `top` already.
 * @param allowed places that may come in; undefined for all
 */
export function scoreSegment(segment: ScoredSegment, norm: LengthNorm, top: TopRows, allowed: ReadonlySet<number> | undefined): void {
  const from = placeOf(segment.firstNo);
  const to = placeOf(segment.lastNo);
  sums.fill(0, from, to + 1);
  let couldStillCome = 0;
  const dense: { weight: number; frequencies: Uint8Array }[] = [];
  for (const { weight, postings } of segment.terms) {
    if (postings.dense === undefined) addSparse(postings.places, postings.frequencies, weight, segment.lengths, norm);
    else {
      dense.push({ weight, frequencies: postings.dense });
      couldStillCome += weight * MOST_A_TERM;
    }
  }
  const base = segment.firstNo - from;
  if (allowed !== undefined) {
    for (const place of allowed) {
      for (const { weight, frequencies } of dense) addAt(place, frequencies, weight, segment.lengths, norm);
      if (sums[place]! > 0 && sums[place]! >= top.threshold) top.add(base + place, sums[place]!);
    }
    return;
  }
  const needed = top.threshold - couldStillCome;
  if (dense.length > 0 && needed <= 0) for (const { weight, frequencies } of dense) addDense(from, to, frequencies, weight, segment.lengths, norm);
  const isComplete = dense.length === 0 || needed <= 0;
  for (let place = from; place <= to; place++) {
    const sum = sums[place]!;
    if (sum === 0 || (isComplete ? sum < top.threshold : sum < top.threshold - couldStillCome)) continue;
    if (!isComplete) for (const { weight, frequencies } of dense) addAt(place, frequencies, weight, segment.lengths, norm);
    if (sums[place]! >= top.threshold) top.add(base + place, sums[place]!);
  }
}

function addSparse(places: Uint16Array, frequencies: Uint8Array, weight: number, lengths: Float32Array, norm: LengthNorm): void {
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    sums[place]! += termScore(weight, frequencies[i]!, lengths[place]!, norm);
  }
}

function addDense(from: number, to: number, frequencies: Uint8Array, weight: number, lengths: Float32Array, norm: LengthNorm): void {
  for (let place = from; place <= to; place++) {
    const frequency = frequencies[place]!;
    if (frequency > 0) sums[place]! += termScore(weight, frequency, lengths[place]!, norm);
  }
}

function addAt(place: number, frequencies: Uint8Array, weight: number, lengths: Float32Array, norm: LengthNorm): void {
  const frequency = frequencies[place]!;
  if (frequency > 0) sums[place]! += termScore(weight, frequency, lengths[place]!, norm);
}
