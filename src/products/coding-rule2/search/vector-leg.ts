import type { EntityManager } from 'typeorm';
import { vectorToBinary } from '../../../database/vector.js';
import type { Corpus } from './corpus.js';
import type { RowFilter } from './row-filter.js';

export interface VectorHit {
  readonly id: string;
  /** 1 − cosine distance. */
  readonly similarity: number;
}

/** A vector is comparable with vectors of the same model only; null stands for those whose model nobody named. */
export interface VectorQuery {
  readonly vector: Float32Array;
  readonly model: string | null;
  readonly efSearch: number;
}

/** Past this many rows an iterative scan gives up; an exact search takes over then, so that no match is lost. */
const MAX_SCAN_TUPLES = 20_000;
/** Rows whose similarity says what is usual, for the search that weighs words and vectors against each other. */
const SAMPLE = 300;

/** For the rest of a transaction. Whole numbers, checked: SET takes no parameters. */
export function vectorSettings(efSearch: number): string {
  return `SET LOCAL hnsw.ef_search = ${Math.trunc(efSearch)}; SET LOCAL hnsw.iterative_scan = strict_order;
          SET LOCAL hnsw.max_scan_tuples = ${MAX_SCAN_TUPLES}; SET LOCAL plan_cache_mode = force_custom_plan`;
}

/**
 * The nearest rows by cosine distance, best first. The index is asked first and scans on while the filter takes rows away;
 * where it still comes back short, the answer is computed exactly, so that filters never hide a match.
 */
export async function nearestRows(tx: EntityManager, corpus: Corpus, query: VectorQuery, filter: RowFilter, most: number): Promise<VectorHit[]> {
  const found = await select(tx, corpus, query, filter, most, 'vector_embedding <=> $1');
  // The addition keeps the planner from using the index, which has just come back short.
  const nearest = found.length === most ? found : await select(tx, corpus, query, filter, most, '(vector_embedding <=> $1) + 0');
  // The index sorts by its own rounding, which may differ from the similarity that is answered in the last digits.
  return nearest.sort((a, b) => b.similarity - a.similarity);
}

function select(tx: EntityManager, corpus: Corpus, query: VectorQuery, filter: RowFilter, most: number, distance: string): Promise<VectorHit[]> {
  const values: unknown[] = [vectorToBinary(query.vector)];
  return tx.query<VectorHit[]>(
    `SELECT id, 1 - (vector_embedding <=> $1) AS similarity
       FROM ${corpus.table}
      WHERE vector_embedding IS NOT NULL${ofModel(query, values)}${filter.sql(values)}
      ORDER BY ${distance}
      LIMIT ${Math.trunc(most)}`,
    values,
  );
}

/** How similar the given rows are; those without a vector of the model are left out. */
export function similarities(tx: EntityManager, corpus: Corpus, query: VectorQuery, ids: readonly string[]): Promise<VectorHit[]> {
  const values: unknown[] = [vectorToBinary(query.vector), ids];
  return tx.query<VectorHit[]>(
    `SELECT id, 1 - (vector_embedding <=> $1) AS similarity FROM ${corpus.table}
      WHERE id = ANY ($2::uuid[]) AND vector_embedding IS NOT NULL${ofModel(query, values)}`,
    values,
  );
}

/** How similar rows taken at random are. */
export async function usualSimilarities(tx: EntityManager, corpus: Corpus, query: VectorQuery): Promise<number[]> {
  const values: unknown[] = [vectorToBinary(query.vector)];
  const rows = await tx.query<{ similarity: number }[]>(
    `SELECT 1 - (t.vector_embedding <=> $1) AS similarity
       FROM (SELECT min(text_no) AS low, max(text_no) AS high FROM ${corpus.table}) r,
            LATERAL (SELECT DISTINCT r.low + floor(random() * (r.high - r.low + 1))::bigint AS no FROM generate_series(1, ${SAMPLE})) s
       JOIN ${corpus.table} t ON t.text_no = s.no
      WHERE vector_embedding IS NOT NULL${ofModel(query, values)}`,
    values,
  );
  return rows.map((row) => row.similarity);
}

function ofModel({ model }: VectorQuery, values: unknown[]): string {
  return model === null ? ' AND embedding_model IS NULL' : ` AND embedding_model = $${values.push(model)}`;
}
