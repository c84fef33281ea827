/** How fast a term's further occurrences in one row lose weight; the customary value. */
const K1 = 1.2;
/** How far a long row is marked down; the customary value. */
const B = 0.75;

/** What BM25 needs to know of all rows together. */
export interface CorpusStatistics {
  readonly documents: number;
  /** Of all rows together. */
  readonly tokens: number;
}

/** The part of a row's mark that does not depend on the term: `flat + slope × tokens of the row`. */
export interface LengthNorm {
  readonly flat: number;
  readonly slope: number;
  /**
   * What a term of weight 1 adds to a row that has it up to `TABLE_FREQUENCIES` times and has fewer than `TABLE_LENGTHS`
   * tokens, by `frequency × TABLE_LENGTHS + tokens`. Nearly all rows of a search are such, and to divide takes longest.
   */
  readonly table: Float64Array;
}

export const TABLE_FREQUENCIES = 3;
export const TABLE_LENGTHS = 512;

export function lengthNorm({ documents, tokens }: CorpusStatistics): LengthNorm {
  const average = documents === 0 ? 1 : Math.max(tokens / documents, 1);
  const norm = { flat: K1 * (1 - B), slope: (K1 * B) / average, table: new Float64Array((TABLE_FREQUENCIES + 1) * TABLE_LENGTHS) };
  for (let at = TABLE_LENGTHS; at < norm.table.length; at++) norm.table[at] = termScore(1, Math.floor(at / TABLE_LENGTHS), at % TABLE_LENGTHS, norm);
  return norm;
}

/** How much a term is worth of which `having` rows have at least one; more than 0 for every term. */
export function inverseFrequency(documents: number, having: number): number {
  return Math.log(1 + Math.max(documents - having + 0.5, 0.5) / (having + 0.5));
}

/** No row gets more than this from a term: what one would get that has it any number of times. */
export function mostOf(weight: number): number {
  return weight * (K1 + 1);
}

/** What one term adds to the mark of one row. */
export function termScore(weight: number, frequency: number, length: number, norm: LengthNorm): number {
  return (weight * (K1 + 1) * frequency) / (frequency + norm.flat + norm.slope * length);
}
