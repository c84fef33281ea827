import type { EntityManager } from 'typeorm';
import type { Corpus } from './corpus.js';
import type { RowFilter } from './row-filter.js';
import type { LoadedQuery } from './text-search.js';

export interface TextHit {
  readonly id: string;
  readonly score: number;
}

/** Up to this many rows that pass a filter are ranked among themselves. */
const FEW_ROWS = 20_000;
/** How many of the best rows are tried against a filter that many rows pass; each time the next number. */
const TRIES = [200, 2_000, 20_000, 1_000_000] as const;

/** The best rows that are there and pass the filter, best first: filters never shorten the answer below what matches. */
export async function rankRows(tx: EntityManager, corpus: Corpus, query: LoadedQuery, filter: RowFilter, most: number): Promise<TextHit[]> {
  if (filter.isSelective) {
    const few = await passing(tx, corpus, filter);
    if (few !== undefined) return present(tx, corpus, query.rank(most, few), filter);
  }
  for (const tried of TRIES) {
    const ranked = query.rank(Math.max(tried, most));
    const hits = await present(tx, corpus, ranked, filter);
    if (hits.length >= most || ranked.length < tried) return hits.slice(0, most);
  }
  return [];
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

async function present(tx: EntityManager, corpus: Corpus, ranked: readonly { no: number; score: number }[], filter: RowFilter): Promise<TextHit[]> {
  if (ranked.length === 0) return [];
  const values: unknown[] = [ranked.map((row) => row.no)];
  const rows = await tx.query<{ id: string; no: string }[]>(
    `SELECT id, text_no AS no FROM ${corpus.table} WHERE text_no = ANY ($1::bigint[])${filter.sql(values)}`,
    values,
  );
  const ids = new Map(rows.map((row) => [Number(row.no), row.id]));
  return ranked.flatMap(({ no, score }) => {
    const id = ids.get(no);
    return id === undefined ? [] : [{ id, score }];
  });
}
