import type { LoadedQuery } from './text-search.js';
import { TopRows } from './top-rows.js';

/** A row with the score that its text has. */
export interface ScoredRow {
  readonly no: number;
  readonly id: string;
  readonly score: number;
}

/** Postings that are gone through to learn what it takes to get into the answer: of the rarest terms that come to so many. */
const POSTINGS_FOR_SEEDS = 80_000;
/** Rows that are scored by their text to that end, for each place in the answer. */
const SEEDS_A_PLACE = 2;
const FEWEST_SEEDS = 30;
/**
 * Terms are read until the others can bring no more than this share of what it takes. The rows left are few then: hardly
 * any row comes near what those terms can bring at most.
 */
const REST = 0.7;
/** Rows that are scored by their text because they might get in. */
const MOST_CANDIDATES = 500;
/** The index says of no row less than its text does, but for the last digits, since it adds up in another order. */
export const SLACK = 1 + 1e-9;

/** The best rows, or, where these can't be told by the rare terms, what a row must score to be among them. */
export type ByRareTerms = { readonly best: readonly ScoredRow[] } | { readonly atLeast: number };

/**
 * Ranks by the rare terms of a query, without a look at the postings of the frequent ones, which are nearly all postings: a
 * sentence has words that every second row has. The best rows by the rarest terms are scored by their texts, which tells
 * what it takes. Then the rows are looked for that get there if they have all the frequent terms too. These are few, and
 * are scored by their texts as well. So the answer is exact, or none is given.
 * @param score rows by their texts; leaves out those that are gone or may not come in
 */
export async function rankByRareTerms(
  query: LoadedQuery,
  most: number,
  allowed: ReadonlySet<number> | undefined,
  score: (numbers: readonly number[]) => Promise<ScoredRow[]>,
  postingsForSeeds = POSTINGS_FOR_SEEDS,
): Promise<ByRareTerms> {
  const first = query.rarest(({ postings }) => postings > postingsForSeeds);
  if (first.isAll) return { atLeast: 0 };
  await query.read(first.isRare);
  const top = new TopRows(Math.max(SEEDS_A_PLACE * most, FEWEST_SEEDS));
  await query.forEachSum(first.isRare, allowed, () => top.threshold, (no, sum) => {
    if (sum >= top.threshold) top.add(no, sum);
  });
  const seeds = new Map((await score(top.ranked().map(({ no }) => no))).map((row) => [row.no, row]));
  const atLeast = (inOrder([...seeds.values()])[most - 1]?.score ?? 0) / SLACK;
  const { isRare, rest, isAll } = query.rarest((soFar) => soFar.rest <= REST * atLeast, { withRead: true });
  // What has been read already is quicker to look into than texts.
  if (isAll || atLeast === 0 || query.isRead) return { atLeast };
  await query.read(isRare);
  const candidates: number[] = [];
  await query.forEachSum(isRare, allowed, () => (candidates.length > MOST_CANDIDATES ? Infinity : atLeast - rest), (no, sum, isWhole) => {
    if ((!isWhole || sum >= atLeast) && !seeds.has(no)) candidates.push(no);
  });
  if (candidates.length > MOST_CANDIDATES) return { atLeast };
  return { best: inOrder([...seeds.values(), ...(await score(candidates))]).slice(0, most) };
}

/** Best first; of rows that score alike the newer one. */
export function inOrder<Row extends { readonly no: number; readonly score: number }>(rows: readonly Row[]): Row[] {
  return rows.toSorted((a, b) => b.score - a.score || b.no - a.no);
}
