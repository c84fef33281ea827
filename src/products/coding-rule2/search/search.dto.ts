import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { EmbeddingField, IntegerField, NumberField, ObjectField, OneOfField, TextField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';
import { SEARCH_MODES, type SearchMode, type SearchRequest } from './search.service.js';

export class SearchWeights {
  @NumberField({ description: 'How much the words count.', example: 1, min: 0, max: 100, default: 1 })
  text!: number;

  @NumberField({ description: 'How much the vector counts.', example: 1, min: 0, max: 100, default: 1 })
  vector!: number;
}

/** What every search takes; each corpus adds its filters. */
export class SearchQuery implements SearchRequest {
  @TextField({ description: 'What to look for, in words: a few, or a whole sentence, in any language. At least one of `query` and `embedding` is given.', example: 'the build fails after renaming a table', max: 10_000, optional: true })
  query?: string;

  @EmbeddingField({ description: 'What to look for, as an embedding.', dimensions: EMBEDDING_DIMENSIONS, optional: true })
  embedding?: Float32Array;

  @TextField({ description: 'The model of the embedding. Only rows whose embedding is of the same model are compared with it; absent, those whose model was not named. Without an embedding: what the provider is to compute for `query`, where one is configured; absent, the model that is searched.', example: 'text-embedding-3-small', max: 100, optional: true })
  embeddingModel?: string;

  @OneOfField({ description: 'Search by words (BM25), by vector, or both. Absent: by what is given, and where a provider of embeddings is configured, by both where words are.', example: 'text', values: SEARCH_MODES, optional: true })
  mode?: SearchMode;

  @ObjectField({ description: 'How much words and vector count against each other in a hybrid search.', example: { text: 1, vector: 1 }, type: () => SearchWeights, optional: true })
  weights?: SearchWeights;

  @IntegerField({ description: 'How many to answer at most.', example: 10, min: 1, max: 100, default: 10 })
  limit!: number;

  @NumberField({ description: 'Only what is at least this similar: 1 is the same direction, 0 unrelated, -1 opposite.', example: 0.5, min: -1, max: 1, optional: true })
  minSimilarity?: number;

  @IntegerField({ description: 'How many candidates the vector index considers: more finds better and takes longer.', example: 100, min: 1, max: 1_000, optional: true })
  efSearch?: number;
}

export class HitRanks {
  @Shown({ as: 'integer', nullable: true, description: 'Among those found by words, from 1.', example: 1 })
  text!: number | null;

  @Shown({ as: 'integer', nullable: true, description: 'Among those found by vector, from 1.', example: 3 })
  vector!: number | null;
}

/** What a search says of each row that it finds. */
export class SearchHit {
  @Shown({ as: 'number', description: 'What the answer is sorted by: BM25, the similarity, or both joined, from 0 to 1. Comparable within one answer.', example: 0.83 })
  score!: number;

  @Shown({ as: 'number', nullable: true, description: '1 − cosine distance; null where no vector was compared, or the row has none of its model.', example: 0.83 })
  similarity!: number | null;

  @Shown({ as: 'number', nullable: true, description: 'BM25; null where no words were given, or the row has none of them.', example: 12.4 })
  textScore!: number | null;

  @Shown({ as: () => HitRanks, description: 'Its places in the two legs of the search.' })
  ranks!: HitRanks;
}

/** What a search says of itself. */
export class SearchAnswer {
  @Shown({ as: SEARCH_MODES, description: 'What was searched by. Words alone are searched by their meaning too where a provider of embeddings is configured.', example: 'hybrid' })
  mode!: SearchMode;

  @Shown({ as: 'text', nullable: true, description: 'The model whose vectors were compared; null where none were, or it was not named.', example: 'text-embedding-3-small' })
  embeddingModel!: string | null;

  @Shown({ as: 'text', nullable: true, description: 'Why meaning was left out although it was wanted: the provider gave no vector for the words. Otherwise null.', example: null })
  degraded!: string | null;

  @Shown({ as: 'boolean', description: 'Rows that a load by SQL has just brought were too many to be searched before they are indexed; ask again in a while.', example: false })
  isIncomplete!: boolean;
}
