import { mostOf, TABLE_FREQUENCIES, TABLE_LENGTHS, termScore, type LengthNorm } from './bm25.js';
import { MOST_FREQUENT, placeOf, WINDOW_SIZE, type Postings } from './segment-format.js';

/** A term of the query in one segment; the weight is its inverse frequency times how often the query says it. */
export interface WeightedPostings {
  readonly weight: number;
  readonly postings: Postings;
}

export interface ScoredSegment {
  readonly firstNo: number;
  readonly lastNo: number;
  /** Tokens of each row, by place. */
  readonly lengths: Int32Array;
  readonly terms: readonly WeightedPostings[];
}

/** The sums of one segment at a time, all 0 in between; JavaScript runs one search at a time through here, so one array does for all. */
const sums = new Float64Array(WINDOW_SIZE);
/**
 * Terms are gone through until the others can add less than this share of what is asked for. Less, and lists are gone
 * through that tell little; more, and so many rows are left that to look these up takes longer: with 1 half of all rows.
 */
const LOOKED_UP = 0.65;
/** Rows of the segment that may still reach what is asked for. */
const candidates = new Uint16Array(WINDOW_SIZE);

/**
 * Calls back for each row of a segment to which the terms add at least so much, in no order. Terms that all together could
 * not bring a row that far, which are the frequent ones, are not gone through: they are looked up for the rows that have
 * others, as long as these can still get there (MaxScore; Turtle and Flood, 1995).
 */
export function forEachSum(segment: ScoredSegment, norm: LengthNorm, atLeast: number, visit: (no: number, sum: number) => void): void {
  const terms = segment.terms.toSorted((a, b) => b.weight - a.weight);
  // What the terms from the nth on can still add.
  const rest = new Float64Array(terms.length + 1);
  for (let n = terms.length - 1; n >= 0; n--) rest[n] = rest[n + 1]! + mostOf(terms[n]!.weight);
  let through = 0;
  while (through < terms.length && rest[through]! >= LOOKED_UP * atLeast) through++;
  const gone = terms.slice(0, through);
  for (const term of gone) addAll(term, segment, norm);
  let left = collect(segment, gone, atLeast - rest[through]!);
  for (let n = through; n < terms.length && left > 0; n++) left = addToCandidates(terms[n]!, segment, norm, left, atLeast - rest[n + 1]!);
  const base = segment.firstNo - placeOf(segment.firstNo);
  for (let i = 0; i < left; i++) visit(base + candidates[i]!, sums[candidates[i]!]!);
  clear(segment, gone);
}

function addAll({ weight, postings }: WeightedPostings, { firstNo, lastNo, lengths }: ScoredSegment, norm: LengthNorm): void {
  if (postings.dense !== undefined) {
    const { dense } = postings;
    const to = placeOf(lastNo);
    // A row without the term gets 0 from the table. To ask first whether it has the term takes longer where every second one has.
    for (let place = placeOf(firstNo); place <= to; place++) sums[place]! += quickScore(weight, dense[place]!, lengths[place]!, norm);
    return;
  }
  const { places, frequencies } = postings;
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    sums[place]! += quickScore(weight, frequencies[i]!, lengths[place]!, norm);
  }
}

/** What a term adds to a row, or a little more: never less, so that no row is missed. */
function quickScore(weight: number, frequency: number, length: number, norm: LengthNorm): number {
  if (frequency <= TABLE_FREQUENCIES && length < TABLE_LENGTHS) return weight * norm.table[frequency * TABLE_LENGTHS + length]!;
  // How often a long row really has it, only its text tells.
  return frequency === MOST_FREQUENT ? mostOf(weight) : termScore(weight, frequency, length, norm);
}

/** Few sums are found by their postings, many by looking everywhere. */
function isFew({ firstNo, lastNo }: ScoredSegment, terms: readonly WeightedPostings[]): boolean {
  return terms.every(({ postings }) => postings.dense === undefined) && terms.reduce((sum, { postings }) => sum + postings.count, 0) < (lastNo - firstNo) / 2;
}

/** Notes the rows that have any of the terms and at least so much. @returns how many */
function collect(segment: ScoredSegment, terms: readonly WeightedPostings[], atLeast: number): number {
  let found = 0;
  if (isFew(segment, terms)) {
    for (const { postings } of terms) {
      for (const place of postings.dense === undefined ? postings.places : []) {
        const sum = sums[place]!;
        // A sum is made negative while it is noted, so that the row is noted once.
        if (sum <= 0) continue;
        sums[place] = -sum;
        if (sum >= atLeast) candidates[found++] = place;
      }
    }
    for (const { postings } of terms) for (const place of postings.dense === undefined ? postings.places : []) sums[place] = Math.abs(sums[place]!);
    return found;
  }
  const to = placeOf(segment.lastNo);
  for (let place = placeOf(segment.firstNo); place <= to; place++) {
    const sum = sums[place]!;
    if (sum > 0 && sum >= atLeast) candidates[found++] = place;
  }
  return found;
}

/** Adds a term to the candidates and keeps those that have at least so much. @returns how many */
function addToCandidates({ weight, postings }: WeightedPostings, { lengths }: ScoredSegment, norm: LengthNorm, count: number, atLeast: number): number {
  let kept = 0;
  for (let i = 0; i < count; i++) {
    const place = candidates[i]!;
    const frequency = postings.dense === undefined ? frequencyAt(postings, place) : postings.dense[place]!;
    let sum = sums[place]!;
    if (frequency !== 0) sums[place] = sum += quickScore(weight, frequency, lengths[place]!, norm);
    if (sum >= atLeast) candidates[kept++] = place;
  }
  return kept;
}

function clear(segment: ScoredSegment, terms: readonly WeightedPostings[]): void {
  if (isFew(segment, terms)) for (const { postings } of terms) for (const place of postings.dense === undefined ? postings.places : []) sums[place] = 0;
  else sums.fill(0, placeOf(segment.firstNo), placeOf(segment.lastNo) + 1);
}

function frequencyAt({ places, frequencies }: { places: Uint16Array; frequencies: Uint8Array }, place: number): number {
  let low = 0;
  let high = places.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const found = places[middle]!;
    if (found === place) return frequencies[middle]!;
    if (found < place) low = middle + 1;
    else high = middle - 1;
  }
  return 0;
}
