import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Queryable } from '../../../database/admin-connection.js';
import { invalid } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { QuestionVectors } from '../embeddings/question-vectors.js';
import { CORPORA, type Corpus, type CorpusName } from './corpus.js';
import { fuse, type Candidate, type Weights } from './fusion.js';
import { readTexts } from './numbered-texts.js';
import { FullAnswers } from './full-answers.js';
import { Indexing } from './indexing.service.js';
import type { RowFilter } from './row-filter.js';
import { rankRows, scored } from './text-leg.js';
import { TextSearch, type LoadedQuery } from './text-search.js';
import { queryTerms } from './tokens.js';
import { nearestRows, similarities, usualSimilarities, type VectorQuery } from './vector-leg.js';

export const SEARCH_MODES = ['text', 'vector', 'hybrid'] as const;
export type SearchMode = (typeof SEARCH_MODES)[number];

/** What to look for: words, a vector, or both. */
export interface SearchRequest {
  readonly query?: string;
  readonly embedding?: Float32Array;
  /** The model of the embedding; rows of other models are not compared with it. */
  readonly embeddingModel?: string;
  /** Absent: what the request gives, both legs where it gives both. */
  readonly mode?: SearchMode;
  /** How much each leg counts in a hybrid search; 1 each unless given. */
  readonly weights?: Partial<Weights>;
  readonly limit: number;
  readonly minSimilarity?: number;
  readonly efSearch?: number;
}

/** How well a row fits what was looked for. */
export interface Hit {
  readonly id: string;
  /** Higher is better; comparable within one answer only. */
  readonly score: number;
  /** 1 − cosine distance; null where no vector was asked for or the row has none of its model. */
  readonly similarity: number | null;
  /** BM25; null where no words were asked for or the row has none of them. */
  readonly textScore: number | null;
  /** Places in the two legs, from 1; null where the leg did not find the row. */
  readonly ranks: { readonly text: number | null; readonly vector: number | null };
}

/** How a search was made, which may not be how it was asked for. */
export interface SearchManner {
  readonly mode: SearchMode;
  /** The model whose vectors were compared; null where none were, or where theirs was not named. */
  readonly embeddingModel: string | null;
  /** Why meaning was left out although it was wanted: the provider gave no vector for the question. Otherwise null. */
  readonly degraded: string | null;
}

export interface FoundRows<Row> extends SearchManner {
  readonly items: (Row & Hit)[];
  /** Rows that a load by SQL has just brought and that are not indexed yet were too many to be searched all. */
  readonly isIncomplete: boolean;
}

/**
 * Candidates that the vector index considers unless the caller says: pgvector's own default of 40 loses some recall at
 * k = 10 and can't fill a limit of 100.
 */
const EF_SEARCH_MIN = 100;
/** Candidates of each leg that a hybrid search weighs against each other. */
const CANDIDATES = 100;

/** Finds rows by words, by vector, or by both. */
@Injectable()
export class SearchService {
  private readonly texts: Readonly<Record<CorpusName, TextSearch>> = {
    conversations: new TextSearch(CORPORA.conversations),
    memories: new TextSearch(CORPORA.memories),
  };
  private readonly answers = new FullAnswers();

  constructor(
    private readonly database: CodingRule2Database,
    private readonly indexing: Indexing,
    private readonly questions: QuestionVectors,
  ) {}

  /**
   * The best rows of a corpus that pass the filter, best first.
   * @param columns SQL: what to read of each row, its `id` among it
   * @throws AppError `validation_failed` where the request does not give what its mode needs
   */
  async search<Row extends { id: string }>(name: CorpusName, columns: string, request: SearchRequest, filter: RowFilter): Promise<FoundRows<Row>> {
    // Before anything is asked of the database: a provider may take its time.
    const { embedding, ...manner } = await this.plan(name, request);
    const efSearch = Math.max(request.efSearch ?? EF_SEARCH_MIN, request.limit);
    const vector = embedding && { vector: embedding, model: manner.embeddingModel, efSearch };
    if (vector !== undefined && manner.mode === 'vector') return { items: await this.database.heavy(() => this.nearest<Row>(CORPORA[name], columns, vector, request, filter)), isIncomplete: false, ...manner };
    // The legs and their parts must see the same rows.
    return this.database.heavy(() => this.database.snapshot('', async (tx) => {
      const words = await this.texts[name].load(tx, queryTerms(request.query ?? ''));
      this.indexing.noteNewRows(name, words.newRows);
      const hits = await new Legs(tx, CORPORA[name], filter, request, words, vector).find();
      return { items: await withRows<Row>(tx, CORPORA[name], columns, hits), isIncomplete: words.isIncomplete, ...manner };
    }));
  }

  /** What is searched by. Words alone are searched by their meaning too, where a provider says in time what that is. */
  private async plan(name: CorpusName, request: SearchRequest): Promise<SearchManner & { embedding?: Float32Array }> {
    const { query, embedding, embeddingModel = null, mode } = request;
    if (query === undefined && embedding === undefined) throw invalid('', 'must give query, embedding, or both');
    if (query === undefined && mode !== undefined && mode !== 'vector') throw invalid('/query', `is required where mode is ${mode}`);
    if (embedding !== undefined && mode !== 'text') return { mode: mode ?? (query === undefined ? 'vector' : 'hybrid'), embedding, embeddingModel, degraded: null };
    const words = { mode: 'text', embeddingModel: null, degraded: null } as const;
    if (query === undefined || mode === 'text') return words;
    const question = await this.questions.ofSearch(name, query, request.embeddingModel);
    if (question === undefined && mode !== undefined) throw invalid('/embedding', `is required where mode is ${mode}`);
    if (question === undefined) return words;
    if (typeof question === 'string') return { ...words, degraded: `Searched by words alone: ${question}.` };
    return { mode: mode ?? 'hybrid', embedding: question.embedding, embeddingModel: question.model, degraded: null };
  }

  /** One statement, on its own: what a vector alone asks for needs no transaction around it. */
  private async nearest<Row extends { id: string }>(corpus: Corpus, columns: string, vector: VectorQuery, request: SearchRequest, filter: RowFilter): Promise<(Row & Hit)[]> {
    const { limit, minSimilarity } = request;
    const rows = await nearestRows<Row>(this.database, corpus, columns, vector, filter, limit, this.answers);
    const similar = minSimilarity === undefined ? rows : rows.filter(({ similarity }) => similarity >= minSimilarity);
    // The rows are nobody else's: they are added to, where copying each would take longer than all the rest here.
    return similar.map((row, at) => Object.assign(row, { score: row.similarity, textScore: null, ranks: { text: null, vector: at + 1 } }));
  }
}

function within(tx: EntityManager): Queryable {
  return { query: <Row extends object>(sql: string, values: readonly unknown[] = []) => tx.query<Row[]>(sql, [...values]) };
}

async function withRows<Row extends { id: string }>(tx: EntityManager, corpus: Corpus, columns: string, hits: readonly Hit[]): Promise<(Row & Hit)[]> {
  const rows = await tx.query<Row[]>(`SELECT ${columns} FROM ${corpus.table} WHERE id = ANY ($1::uuid[])`, [hits.map((hit) => hit.id)]);
  const byId = new Map(rows.map((row) => [row.id, row]));
  return hits.map((hit) => ({ ...byId.get(hit.id)!, ...hit }));
}

/** One search by words, or by words and a vector, under way: its legs, and what they make together. */
class Legs {
  constructor(
    private readonly tx: EntityManager,
    private readonly corpus: Corpus,
    private readonly filter: RowFilter,
    private readonly request: SearchRequest,
    private readonly words: LoadedQuery,
    private readonly vector: VectorQuery | undefined,
  ) {}

  async find(): Promise<Hit[]> {
    const { limit, minSimilarity } = this.request;
    const most = this.vector ? Math.max(limit, CANDIDATES) : limit;
    const text = await rankRows(this.tx, this.corpus, this.words, this.filter, most);
    const near = this.vector ? await nearestRows<{ id: string }>(within(this.tx), this.corpus, 'id', this.vector, this.filter, most) : [];
    const textRanks = new Map(text.map(({ id }, at) => [id, at + 1]));
    const vectorRanks = new Map(near.map(({ id }, at) => [id, at + 1]));
    const scores = new Map(text.map(({ id, score }) => [id, score]));
    const similar = new Map(near.map(({ id, similarity }) => [id, similarity]));
    if (this.vector) await this.complete(this.vector, scores, similar);
    const candidates = [...new Set([...scores.keys(), ...similar.keys()])].map((id) => ({ id, text: scores.get(id) ?? null, similarity: similar.get(id) ?? null }));
    const ranked = await this.rank(candidates);
    return ranked
      .filter(({ similarity }) => minSimilarity === undefined || (similarity !== null && similarity >= minSimilarity))
      .slice(0, limit)
      .map(({ id, score, similarity, text: textScore }) => ({
        id,
        score,
        similarity,
        textScore,
        ranks: { text: textRanks.get(id) ?? null, vector: vectorRanks.get(id) ?? null },
      }));
  }

  /** What one leg found, the other one judges too: a row is not bad because it came in only 101st. */
  private async complete(vector: VectorQuery, scores: Map<string, number>, similar: Map<string, number>): Promise<void> {
    const unscored = [...similar.keys()].filter((id) => !scores.has(id));
    const unseen = [...scores.keys()].filter((id) => !similar.has(id));
    for (const { id, score } of scored(this.words, await readTexts(this.tx, this.corpus, unscored))) scores.set(id, score);
    for (const { id, similarity } of await similarities(this.tx, this.corpus, vector, unseen)) similar.set(id, similarity);
  }

  private async rank(candidates: readonly Candidate[]): Promise<(Candidate & { score: number })[]> {
    if (!this.vector) return candidates.map((row) => ({ ...row, score: row.text ?? 0 })).sort((a, b) => b.score - a.score);
    const usual = await usualSimilarities(this.tx, this.corpus, this.vector);
    return fuse(candidates, { text: 1, vector: 1, ...this.request.weights }, { documents: this.words.documents, usual });
  }
}
