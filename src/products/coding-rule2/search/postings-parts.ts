import { termScore, type LengthNorm } from './bm25.js';
import type { Postings } from './segment-format.js';

/** What a term of weight 1 adds to each row that has it, in the order of the postings (or by place), and the most of them. */
export interface Parts {
  readonly parts: Float32Array;
  readonly most: number;
}

/**
 * The average length changes with every row that is written. Parts found with one so close are used on: the order of rows
 * that score almost the same is settled afterwards, from their texts.
 */
const CLOSE = 0.002;

const known = new WeakMap<Postings, Parts & { slope: number }>();

/** Found once for each postings in memory: going through them again takes a multiplication a row and no division. */
export function partsOf(postings: Postings, lengths: Float32Array, norm: LengthNorm): Parts {
  const before = known.get(postings);
  if (before !== undefined && Math.abs(norm.slope - before.slope) <= CLOSE * before.slope) return before;
  const found = { ...find(postings, lengths, norm), slope: norm.slope };
  known.set(postings, found);
  return found;
}

function find(postings: Postings, lengths: Float32Array, norm: LengthNorm): Parts {
  const places = postings.dense === undefined ? postings.places : undefined;
  const frequencies = postings.dense ?? postings.frequencies;
  const parts = new Float32Array(frequencies.length);
  let most = 0;
  for (let i = 0; i < frequencies.length; i++) {
    if (frequencies[i] === 0) continue;
    const part = termScore(1, frequencies[i]!, lengths[places === undefined ? i : places[i]!]!, norm);
    parts[i] = part;
    if (part > most) most = part;
  }
  // Rounded to float32 a part may have grown by this much.
  return { parts, most: most * (1 + 1e-6) };
}
