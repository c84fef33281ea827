import { EMBEDDING_DIMENSIONS } from '../../../config/embedding-settings.js';
import { EmbeddingField, JsonField, OneOfField, TextField, TextListField } from '../../../http/fields.js';
import { PageQuery } from '../../../http/paging.js';

const ACTIONS = { description: 'What to do so that it does not happen again.', example: ['Run the tests and quote the last line'], maxItems: 100, maxLength: 2_000 };

const DATA =
  'What else there is to know about it. Checks read `severity` (low, medium, high, critical), `regexes` (as RE2 takes them), `phrases` and `examples`: lists of texts, 50 at most each.';

export class DescribePattern {
  @TextField({ description: 'What goes wrong, in words.', example: 'Says that tests pass without having run them', max: 10_000 })
  patternDescription!: string;

  @JsonField({ description: DATA, example: { severity: 'high', phrases: ['all tests pass'] }, default: {} })
  patternData!: Record<string, unknown>;

  @TextListField({ ...ACTIONS, optional: true, nullable: true })
  preventionActions?: string[] | null;

  @EmbeddingField({ description: 'The pattern as an embedding; absent, it stays as it is. Where a provider is configured, patterns that have none get one of their description and examples.', dimensions: EMBEDDING_DIMENSIONS, optional: true, nullable: true })
  embedding?: Float32Array | null;

  @TextField({ description: 'The model of the embedding: checks compare vectors of the same model only.', example: 'text-embedding-3-small', max: 100, optional: true, nullable: true })
  embeddingModel?: string | null;
}

/** What is given replaces what is known; what is absent stays. */
export class RecordOccurrence {
  @TextField({ description: 'What goes wrong, in words.', example: 'Says that tests pass without having run them', max: 10_000, optional: true })
  patternDescription?: string;

  @JsonField({ description: 'What else there is to know about it.', example: { severity: 'high' }, optional: true })
  patternData?: Record<string, unknown>;

  @TextListField({ ...ACTIONS, optional: true })
  preventionActions?: string[];

  @TextField({ description: 'The session that it happened in.', example: 'session-42', max: 100, optional: true })
  sessionId?: string;

  @TextField({ description: 'What happened this time.', example: 'Said "all green" after editing two files', max: 10_000, optional: true })
  detail?: string;
}

export const PATTERN_ORDERS = ['createdAt', 'occurrences', 'lastOccurrence'] as const;
export type PatternOrder = (typeof PATTERN_ORDERS)[number];

export class ListPatterns extends PageQuery {
  @OneOfField({ description: 'What the list is sorted by, highest first.', example: 'occurrences', values: PATTERN_ORDERS, default: 'createdAt' })
  orderBy!: PatternOrder;
}
