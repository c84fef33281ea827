import type { EntityManager } from 'typeorm';
import type { Queryable } from '../../../database/admin-connection.js';
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
/**
 * Settings of the index's scan, for this statement only: PostgreSQL evaluates what depends on no row once, before it fetches
 * the first one. SET LOCAL would do the same with a transaction around the search, in five round trips instead of one.
 */
const SCAN_SETTINGS = `(SELECT set_config('hnsw.ef_search', $2, true) || set_config('hnsw.iterative_scan', 'strict_order', true)
                 || set_config('hnsw.max_scan_tuples', '${MAX_SCAN_TUPLES}', true)) IS NOT NULL`;
/** Rows whose similarity says what is usual, for the search that weighs words and vectors against each other. */
const SAMPLE = 300;

/**
 * The nearest rows by cosine distance, best first. The index is asked first and scans on while the filter takes rows away;
 * where it still comes back short, the answer is computed exactly, so that filters never hide a match.
 * @param columns SQL: what to read of each row, its `id` among it
 */
export async function nearestRows<Row extends { id: string }>(
  database: Queryable,
  corpus: Corpus,
  columns: string,
  query: VectorQuery,
  filter: RowFilter,
  most: number,
): Promise<(Row & VectorHit)[]> {
  const select = (distance: string): Promise<(Row & VectorHit)[]> => {
    const values: unknown[] = [vectorToBinary(query.vector), String(Math.trunc(query.efSearch))];
    return database.query<Row & VectorHit>(
      `SELECT ${columns}, 1 - (vector_embedding <=> $1) AS similarity
         FROM ${corpus.table}
        WHERE ${SCAN_SETTINGS}
          AND vector_embedding IS NOT NULL${ofModel(query, values)}${filter.sql(values)}
        ORDER BY ${distance}
        LIMIT ${Math.trunc(most)}`,
      values,
    );
  };
  const found = await select('vector_embedding <=> $1');
  // The addition keeps the planner from using the index, which has just come back short.
  const nearest = found.length === most ? found : await select('(vector_embedding <=> $1) + 0');
  // The index sorts by its own rounding, which may differ from the similarity that is answered in the last digits.
  return nearest.sort((a, b) => b.similarity - a.similarity);
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
