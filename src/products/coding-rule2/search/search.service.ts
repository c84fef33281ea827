import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { invalid } from '../../../errors/app-error.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { CORPORA, type Corpus, type CorpusName } from './corpus.js';
import { fuse, type Candidate, type Weights } from './fusion.js';
import { readTexts } from './numbered-texts.js';
import { Indexing } from './indexing.service.js';
import type { RowFilter } from './row-filter.js';
import { rankRows, scored } from './text-leg.js';
import { TextSearch, type LoadedQuery } from './text-search.js';
import { queryTerms } from './tokens.js';
import { nearestRows, similarities, usualSimilarities, vectorSettings, type VectorQuery } from './vector-leg.js';

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

export interface Hit {
  readonly id: string;
  /** Higher is better; comparable within one answer only. */
  readonly score: number;
  /** 1 − cosine distance; null where no vector was asked for or the row has none of its model. */
  readonly similarity: number | null;
  /** BM25; null where no words were asked for or the row has none of them. */
  readonly textScore: number | null;
  /** Places in the two legs, from 1; null where the leg did not find the row. */
  readonly textRank: number | null;
  readonly vectorRank: number | null;
}

export interface SearchOutcome {
  readonly hits: readonly Hit[];
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

  constructor(
    private readonly database: CodingRule2Database,
    private readonly indexing: Indexing,
  ) {}

  /**
   * The best rows of a corpus that pass the filter, best first.
   * @param read reads more of the rows that were found, in the transaction that found them
   * @throws AppError `validation_failed` where the request does not give what its mode needs
   */
  async search<T>(name: CorpusName, request: SearchRequest, filter: RowFilter, read: (tx: EntityManager, outcome: SearchOutcome) => Promise<T>): Promise<T> {
    const mode = modeOf(request);
    const corpus = CORPORA[name];
    return this.database.transaction(async (tx) => {
      const efSearch = Math.max(request.efSearch ?? EF_SEARCH_MIN, request.limit);
      // The legs and their parts must see the same rows. One message costs one round trip.
      await tx.query(`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; ${vectorSettings(efSearch)}`);
      const words = mode === 'vector' ? undefined : await this.texts[name].load(tx, queryTerms(request.query ?? ''));
      if (words !== undefined) this.indexing.noteNewRows(name, words.newRows);
      const vector = mode === 'text' ? undefined : { vector: request.embedding!, model: request.embeddingModel ?? null, efSearch };
      const hits = await new Legs(tx, corpus, filter, request, words, vector).find();
      return read(tx, { hits, isIncomplete: words?.isIncomplete ?? false });
    });
  }
}

function modeOf({ query, embedding, mode }: SearchRequest): SearchMode {
  if (query === undefined && embedding === undefined) throw invalid('', 'must give query, embedding, or both');
  const wanted = mode ?? (query === undefined ? 'vector' : embedding === undefined ? 'text' : 'hybrid');
  if (wanted !== 'vector' && query === undefined) throw invalid('/query', `is required where mode is ${wanted}`);
  if (wanted !== 'text' && embedding === undefined) throw invalid('/embedding', `is required where mode is ${wanted}`);
  return wanted;
}

/** One search under way: its legs, and what they make together. */
class Legs {
  constructor(
    private readonly tx: EntityManager,
    private readonly corpus: Corpus,
    private readonly filter: RowFilter,
    private readonly request: SearchRequest,
    private readonly words: LoadedQuery | undefined,
    private readonly vector: VectorQuery | undefined,
  ) {}

  async find(): Promise<Hit[]> {
    const { limit, minSimilarity } = this.request;
    const most = this.words && this.vector ? Math.max(limit, CANDIDATES) : limit;
    const text = this.words ? await rankRows(this.tx, this.corpus, this.words, this.filter, most) : [];
    const near = this.vector ? await nearestRows(this.tx, this.corpus, this.vector, this.filter, most) : [];
    const textRanks = new Map(text.map(({ id }, at) => [id, at + 1]));
    const vectorRanks = new Map(near.map(({ id }, at) => [id, at + 1]));
    const scores = new Map(text.map(({ id, score }) => [id, score]));
    const similar = new Map(near.map(({ id, similarity }) => [id, similarity]));
    if (this.words && this.vector) await this.complete(this.words, this.vector, scores, similar);
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
        textRank: textRanks.get(id) ?? null,
        vectorRank: vectorRanks.get(id) ?? null,
      }));
  }

  /** What one leg found, the other one judges too: a row is not bad because it came in only 101st. */
  private async complete(words: LoadedQuery, vector: VectorQuery, scores: Map<string, number>, similar: Map<string, number>): Promise<void> {
    const unscored = [...similar.keys()].filter((id) => !scores.has(id));
    const unseen = [...scores.keys()].filter((id) => !similar.has(id));
    for (const { id, score } of scored(words, await readTexts(this.tx, this.corpus, unscored))) scores.set(id, score);
    for (const { id, similarity } of await similarities(this.tx, this.corpus, vector, unseen)) similar.set(id, similarity);
  }

  private async rank(candidates: readonly Candidate[]): Promise<(Candidate & { score: number })[]> {
    if (!this.vector) return candidates.map((row) => ({ ...row, score: row.text ?? 0 })).sort((a, b) => b.score - a.score);
    if (!this.words) return candidates.map((row) => ({ ...row, score: row.similarity ?? 0 })).sort((a, b) => b.score - a.score);
    const usual = await usualSimilarities(this.tx, this.corpus, this.vector);
    return fuse(candidates, { text: 1, vector: 1, ...this.request.weights }, { documents: this.words.documents, usual });
  }
}
