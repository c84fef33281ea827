import { EmbeddingField, IntegerField, NumberField, ObjectField, OneOfField, TextField } from '../../../http/fields.js';
import { Shown } from '../../../http/shown.js';
import { SEARCH_MODES, type SearchMode, type SearchRequest } from './search.service.js';

const DIMENSIONS = 1_536;

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

  @EmbeddingField({ description: 'What to look for, as an embedding.', dimensions: DIMENSIONS, optional: true })
  embedding?: Float32Array;

  @TextField({ description: 'The model of the embedding. Only rows whose embedding is of the same model are compared with it; absent, those whose model was not named.', example: 'text-embedding-3-small', max: 100, optional: true })
  embeddingModel?: string;

  @OneOfField({ description: 'Search by words (BM25), by vector, or both. Absent: by what is given.', example: 'text', values: SEARCH_MODES, optional: true })
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

export const HIT_FIELDS = {
  score: { as: 'number', description: 'What the answer is sorted by: BM25, the similarity, or both joined, from 0 to 1. Comparable within one answer.', example: 0.83 },
  similarity: { as: 'number', nullable: true, description: '1 − cosine distance; null where no embedding was given, or the row has none of its model.', example: 0.83 },
  textScore: { as: 'number', nullable: true, description: 'BM25; null where no words were given, or the row has none of them.', example: 12.4 },
  ranks: { as: () => HitRanks, description: 'Its places in the two legs of the search.' },
} as const satisfies Record<string, Parameters<typeof Shown>[0]>;
