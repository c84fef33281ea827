import type { EntityManager } from 'typeorm';
import type { Queryable } from '../../../database/admin-connection.js';
import { vectorToBinary } from '../../../database/vector.js';
import type { Corpus } from './corpus.js';
import type { FullAnswers } from './full-answers.js';
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
/** How many are asked for by most: few enough that connections can keep a statement for each. */
const USUAL_LIMITS: ReadonlySet<number> = new Set([5, 10, 20]);
/** Rows whose similarity says what is usual, for the search that weighs words and vectors against each other. */
const SAMPLE = 300;

/**
 * The nearest rows by cosine distance, best first. The index is asked first and scans on while the filter takes rows away;
 * where it still comes back short, the answer is computed exactly, so that filters never hide a match.
 * @param columns SQL: what to read of each row, its `id` among it
 * @param answers where it is remembered whether searches with a model are answered in full; without it none of them is kept prepared
 */
export async function nearestRows<Row extends { id: string }>(
  database: Queryable,
  corpus: Corpus,
  columns: string,
  query: VectorQuery,
  filter: RowFilter,
  most: number,
  answers?: FullAnswers,
): Promise<(Row & VectorHit)[]> {
  const search = new NearestSearch<Row>(database, corpus, columns, query, filter, Math.trunc(most), answers);
  const { rows, areKept } = await search.own();
  const isComplete = !areKept && rows.length === search.most;
  if (filter.takesNoValue) answers?.note(search.question, isComplete);
  // The index sorts by its own rounding, which may differ from the similarity that is answered in the last digits.
  return (isComplete ? rows : await search.everywhere(areKept)).sort((a, b) => b.similarity - a.similarity).slice(0, search.most);
}

type Hit<Row> = Row & VectorHit;

/**
 * Where the nearest rows are looked for. While a change of model is under way, a row's vector of this model is in the corpus' own table or
 * in the one beside. At other times that one is empty, and a statement that names both costs half as much again to plan as one that names one.
 */
class NearestSearch<Row extends { id: string }> {
  constructor(
    private readonly database: Queryable,
    private readonly corpus: Corpus,
    private readonly columns: string,
    private readonly query: VectorQuery,
    private readonly filter: RowFilter,
    readonly most: number,
    private readonly answers: FullAnswers | undefined,
  ) {}

  /** What is asked for beside the vector, where no filter is. */
  get question(): string {
    return `${this.corpus.name} ${this.most} ${JSON.stringify(this.query.model)}`;
  }

  /** By the index of the corpus' own table, and whether there is anything in the other. */
  async own(): Promise<{ rows: Hit<Row>[]; areKept: boolean }> {
    const values = this.values();
    // Each row tells whether anything is kept, in the same snapshot.
    const rows = await this.database.query<Hit<Row> & { areKept?: boolean | undefined }>(
      `SELECT own.*, (SELECT EXISTS (SELECT FROM ${this.corpus.kept.table})) AS "areKept" FROM ${this.ownPart(values, false)} own`,
      values,
      { prepared: this.mayKeepPlan },
    );
    const areKept = rows[0]?.areKept ?? (await this.areAnyKept());
    // Not deleted, and no copies made: either would take longer than reading the row. What is undefined is in no answer.
    for (const row of rows) row.areKept = undefined;
    return { rows, areKept };
  }

  private async areAnyKept(): Promise<boolean> {
    const [row] = await this.database.query<{ areKept: boolean }>(`SELECT EXISTS (SELECT FROM ${this.corpus.kept.table}) AS "areKept"`, [], { prepared: true });
    return row?.areKept === true;
  }

  /** In both tables by one statement: a row that is moved meanwhile is neither lost nor found twice. */
  async everywhere(areKept: boolean): Promise<Hit<Row>[]> {
    // The index of the one table has come back short already where nothing is kept.
    const found = areKept ? await this.both(false) : [];
    const kept = found.filter(({ isOwn }) => !isOwn).length;
    const isEnough = kept >= this.most && found.length - kept >= this.most;
    return (isEnough ? found : await this.both(true)).map(({ isOwn: _, ...row }) => row as unknown as Hit<Row>);
  }

  private both(isExact: boolean): Promise<(Hit<Row> & { isOwn: boolean })[]> {
    const values = this.values();
    const { table, kept } = this.corpus;
    const keptPart = this.part(values, isExact, `${kept.table} JOIN ${table} ON id = ${kept.id}`, 'kept_embedding', 'kept_model');
    return this.database.query(`SELECT *, true AS "isOwn" FROM ${this.ownPart(values, isExact)} own UNION ALL SELECT *, false FROM ${keptPart} kept`, values);
  }

  private ownPart(values: unknown[], isExact: boolean): string {
    return this.part(values, isExact, this.corpus.table, 'vector_embedding', 'embedding_model');
  }

  private part(values: unknown[], isExact: boolean, from: string, vector: string, model: string): string {
    // The addition keeps the planner from using an index that has just come back short. The distance is computed once a row: where rows are
    // sorted and not read from the index, computing it for the similarity again would double what the search costs.
    const distance = isExact ? `(${vector} <=> $1) + 0` : `${vector} <=> $1`;
    return `
      (SELECT ${this.columns}, 1 - distance AS similarity
         FROM (SELECT *, ${distance} AS distance
                 FROM ${from}
                WHERE ${SCAN_SETTINGS}
                  AND ${vector} IS NOT NULL${ofModel(model, this.query, values)}${this.filter.sql(values)}
                ORDER BY distance
                LIMIT ${this.most}) nearest)`;
  }

  /**
   * How many rows a filter's value leaves is the planner's to weigh: of few, comparing each one finds more than the index of vectors does
   * (seen: 1.00 and 0.94 of the nearest where one row in eighty is left). A model mostly is that of all rows.
   */
  private get mayKeepPlan(): boolean {
    if (!USUAL_LIMITS.has(this.most) || !this.filter.takesNoValue) return false;
    return this.query.model === null || this.answers?.has(this.question) === true;
  }

  private values(): unknown[] {
    return [vectorToBinary(this.query.vector), String(Math.trunc(this.query.efSearch))];
  }
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
