import type { EntityManager } from 'typeorm';
import type { Corpus } from './corpus.js';
import { rankByRareTerms, SLACK, type ScoredRow } from './rare-terms.js';
import type { RowFilter } from './row-filter.js';
import type { LoadedQuery } from './text-search.js';
import { tokenise } from './tokens.js';
import type { RankedRow } from './top-rows.js';
import { GivingWay } from './giving-way.js';

export interface TextHit {
  readonly id: string;
  readonly score: number;
}

interface Found {
  readonly id: string;
  readonly text: string;
}

/** Up to this many rows that pass a filter are ranked among themselves. */
const FEW_ROWS = 20_000;
/** How many of the best rows are tried against a filter that many rows pass; each time the next number. */
const TRIES = [1.2, 20, 200, 2_000, 100_000] as const;
/** So many texts are read for each place in the answer. The index says too much only of rows that say a word 255 times, or of those that have just changed. */
const MOST_TEXTS = 5;

/**
 * The best rows that are there and pass the filter, best first: filters never shorten the answer below what matches. What
 * the index says is checked against the rows: one that was rewritten by SQL a moment ago is scored as it is now.
 */
export async function rankRows(tx: EntityManager, corpus: Corpus, query: LoadedQuery, filter: RowFilter, most: number): Promise<TextHit[]> {
  const allowed = filter.isSelective ? await passing(tx, corpus, filter) : undefined;
  const byRare = await rankByRareTerms(query, most, allowed, (numbers) => scoreRows(tx, corpus, query, filter, numbers));
  if ('best' in byRare) return [...byRare.best];
  await query.read();
  const { atLeast } = byRare;
  let best: TextHit[] = [];
  for (const times of TRIES) {
    const tried = Math.ceil(most * times);
    const ranked = await query.rank(tried, allowed, atLeast);
    const found = await present(tx, corpus, ranked, filter, MOST_TEXTS * most);
    best = scored(query, found).slice(0, most);
    // A row that was not looked at scores no more than the index says of the last one that was.
    const isExact = best.length === most && best[most - 1]!.score * SLACK >= ranked.at(-1)!.score;
    if (isExact || ranked.length < tried || found.length === MOST_TEXTS * most) break;
  }
  return best;
}

/** Rows by what they score with the text that they have. */
export function scored(query: LoadedQuery, found: readonly Found[]): TextHit[] {
  const hits = found.map(({ id, text }) => ({ id, score: query.scoreOf(tokenise(text)) }));
  return hits.filter(({ score }) => score > 0).sort((a, b) => b.score - a.score);
}

/** The rows of these numbers that are there, pass, and have any of the words. */
async function scoreRows(tx: EntityManager, corpus: Corpus, query: LoadedQuery, filter: RowFilter, numbers: readonly number[]): Promise<ScoredRow[]> {
  if (numbers.length === 0) return [];
  const values: unknown[] = [numbers];
  const rows = await tx.query<(Found & { no: string })[]>(
    `SELECT text_no AS no, id, ${corpus.text} AS text FROM ${corpus.table} WHERE text_no = ANY ($1::bigint[])${filter.sql(values)}`,
    values,
  );
  const others = new GivingWay();
  const found: ScoredRow[] = [];
  for (const { no, id, text } of rows) {
    await others.next();
    const score = query.scoreOf(tokenise(corpus.readText(text)));
    if (score > 0) found.push({ no: Number(no), id, score });
  }
  return found;
}

/** Numbers of all rows that pass; undefined where they are many. */
async function passing(tx: EntityManager, corpus: Corpus, filter: RowFilter): Promise<Set<number> | undefined> {
  const values: unknown[] = [];
  const rows = await tx.query<{ no: string }[]>(
    `SELECT text_no AS no FROM ${corpus.table} WHERE true${filter.sql(values)} LIMIT ${FEW_ROWS + 1}`,
    values,
  );
  return rows.length > FEW_ROWS ? undefined : new Set(rows.map((row) => Number(row.no)));
}

/** The first so many of the ranked rows that are there and pass, with their texts. */
async function present(tx: EntityManager, corpus: Corpus, ranked: readonly RankedRow[], filter: RowFilter, most: number): Promise<Found[]> {
  if (ranked.length === 0) return [];
  const values: unknown[] = [ranked.map((row) => row.no)];
  const rows = await tx.query<Found[]>(
    `SELECT id, ${corpus.text} AS text
       FROM unnest($1::bigint[]) WITH ORDINALITY AS ranked (no, place) JOIN ${corpus.table} ON text_no = ranked.no
      WHERE true${filter.sql(values)}
      ORDER BY place LIMIT ${Math.trunc(most)}`,
    values,
  );
  return rows.map(({ id, text }) => ({ id, text: corpus.readText(text) }));
}
