import type { LengthNorm } from './bm25.js';
import { partsOf } from './postings-parts.js';
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

interface BoundedPostings extends WeightedPostings {
  readonly parts: Float32Array;
  /** No row of the segment gets more than this from the term. */
  readonly most: number;
}

/** The sums of one segment at a time; JavaScript runs one search at a time through here, so one array does for all. */
const sums = new Float64Array(WINDOW_SIZE);

/**
 * Adds the best rows of a segment to `top`, exactly. Terms that all together could not lift a row above what is in `top`
 * already, which are the frequent ones, are not gone through: they are looked up for the rows that have others, as long
 * as these can still come in (MaxScore; Turtle and Flood, 1995).
 * @param allowed places that may come in; undefined for all
 */
export function scoreSegment(segment: ScoredSegment, norm: LengthNorm, top: TopRows, allowed: ReadonlySet<number> | undefined): void {
  const terms = segment.terms
    .map(({ weight, postings }) => {
      const { parts, most } = partsOf(postings, segment.lengths, norm);
      return { weight, postings, parts, most: weight * most };
    })
    .sort((a, b) => b.most - a.most);
  // What the terms from the nth on can still add.
  const rest = new Float64Array(terms.length + 1);
  for (let n = terms.length - 1; n >= 0; n--) rest[n] = rest[n + 1]! + terms[n]!.most;
  const base = segment.firstNo - placeOf(segment.firstNo);
  if (allowed !== undefined) {
    for (const place of allowed) offer(base, place, 0, 0, terms, rest, top);
    return;
  }
  let gone = 0;
  while (gone < terms.length && rest[gone]! >= top.threshold) gone++;
  const from = placeOf(segment.firstNo);
  const to = placeOf(segment.lastNo);
  sums.fill(0, from, to + 1);
  for (const term of terms.slice(0, gone)) addAll(term, from, to);
  for (let place = from; place <= to; place++) {
    const sum = sums[place]!;
    if (sum > 0 && sum + rest[gone]! >= top.threshold) offer(base, place, sum, gone, terms, rest, top);
  }
}

/** Adds to a row's sum what the terms from the nth on give it, and offers it; gives up once they can't be enough. */
function offer(base: number, place: number, sum: number, n: number, terms: readonly BoundedPostings[], rest: Float64Array, top: TopRows): void {
  let score = sum;
  for (let at = n; at < terms.length; at++) {
    if (score + rest[at]! < top.threshold) return;
    score += terms[at]!.weight * partAt(terms[at]!, place);
  }
  if (score > 0 && score >= top.threshold) top.add(base + place, score);
}

function addAll({ weight, postings, parts }: BoundedPostings, from: number, to: number): void {
  if (postings.dense !== undefined) {
    for (let place = from; place <= to; place++) sums[place]! += weight * parts[place]!;
    return;
  }
  const { places } = postings;
  for (let i = 0; i < places.length; i++) sums[places[i]!]! += weight * parts[i]!;
}

function partAt({ postings, parts }: BoundedPostings, place: number): number {
  if (postings.dense !== undefined) return parts[place]!;
  const { places } = postings;
  let low = 0;
  let high = places.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = places[middle]!;
    if (found === place) return parts[middle]!;
    if (found < place) low = middle + 1;
    else high = middle - 1;
  }
  return 0;
}
