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
  const select = (isExact: boolean): Promise<(Row & VectorHit & Place)[]> => {
    const values: unknown[] = [vectorToBinary(query.vector), String(Math.trunc(query.efSearch))];
    const part = (isOwn: boolean, from: string, vector: string, model: string): string => `
      (SELECT ${columns}, 1 - (${vector} <=> $1) AS similarity, ${isOwn} AS "isOwn", EXISTS (SELECT FROM ${corpus.kept.table}) AS "areKept"
         FROM ${from}
        WHERE ${SCAN_SETTINGS}
          AND ${vector} IS NOT NULL${ofModel(model, query, values)}${filter.sql(values)}
        ORDER BY ${isExact ? `(${vector} <=> $1) + 0` : `${vector} <=> $1`}
        LIMIT ${Math.trunc(most)})`;
    // While a change of model is under way, a row's vector of this model is in the one place or in the other.
    const own = part(true, corpus.table, 'vector_embedding', 'embedding_model');
    const kept = part(false, `${corpus.kept.table} JOIN ${corpus.table} ON id = ${corpus.kept.id}`, 'kept_embedding', 'kept_model');
    return database.query<Row & VectorHit & Place>(`${own} UNION ALL ${kept}`, values);
  };
  const found = await select(false);
  // The addition keeps the planner from using an index that has just come back short.
  const nearest = isShort(found, most) ? await select(true) : found;
  // The index sorts by its own rounding, which may differ from the similarity that is answered in the last digits.
  const best = nearest.sort((a, b) => b.similarity - a.similarity).slice(0, most);
  return best.map(({ isOwn: _, areKept: __, ...row }) => row as unknown as Row & VectorHit);
}

/** Where a row's vector was found, and whether there are any in the other place. */
interface Place {
  readonly isOwn: boolean;
  readonly areKept: boolean;
}

function isShort(found: readonly Place[], most: number): boolean {
  const own = found.filter(({ isOwn }) => isOwn).length;
  return own < most || (found.some(({ areKept }) => areKept) && found.length - own < most);
}

/** How similar the given rows are; those without a vector of the model are left out. */
export function similarities(tx: EntityManager, corpus: Corpus, query: VectorQuery, ids: readonly string[]): Promise<VectorHit[]> {
  const values: unknown[] = [vectorToBinary(query.vector), ids];
  return tx.query<VectorHit[]>(
    `SELECT id, 1 - (vector <=> $1) AS similarity FROM ${comparable(corpus, query, values)} WHERE id = ANY ($2::uuid[]) AND vector IS NOT NULL`,
    values,
  );
}

/** How similar rows taken at random are. */
export async function usualSimilarities(tx: EntityManager, corpus: Corpus, query: VectorQuery): Promise<number[]> {
  const values: unknown[] = [vectorToBinary(query.vector)];
  const rows = await tx.query<{ similarity: number }[]>(
    `SELECT 1 - (t.vector <=> $1) AS similarity
       FROM (SELECT min(text_no) AS low, max(text_no) AS high FROM ${corpus.table}) r,
            LATERAL (SELECT DISTINCT r.low + floor(random() * (r.high - r.low + 1))::bigint AS no FROM generate_series(1, ${SAMPLE})) s
       JOIN ${comparable(corpus, query, values)} ON t.text_no = s.no
      WHERE t.vector IS NOT NULL`,
    values,
  );
  return rows.map((row) => row.similarity);
}

/** SQL: every row, `t`, with its vector of the model that is asked for, or null. */
function comparable({ table, kept }: Corpus, query: VectorQuery, values: unknown[]): string {
  return `(SELECT id, text_no, coalesce(CASE WHEN true${ofModel('embedding_model', query, values)} THEN vector_embedding END, kept_embedding) AS vector
             FROM ${table} LEFT JOIN ${kept.table} ON ${kept.id} = id${ofModel('kept_model', query, values)}) t`;
}

function ofModel(column: string, { model }: VectorQuery, values: unknown[]): string {
  return model === null ? ` AND ${column} IS NULL` : ` AND ${column} = $${values.push(model)}`;
}
