import { Injectable } from '@nestjs/common';
import { Embeddings } from '../../../embeddings/embeddings.js';
import { Metrics, type FigureGauge } from '../../../metrics/metrics.js';
import { CodingRule2Database } from '../coding-rule2.database.js';

interface Figure {
  corpus: string;
  missing: number;
  total: number;
  done: number;
  refused: number;
}

/** Counting a million rows that nobody has computed yet would cost every scrape what it says. */
const MOST_COUNTED = 10_000;

/** Rows that wait are read from an index of just those. What the provider has no vector for does not wait. */
const FIGURES_SQL = `
  SELECT s.corpus, s.total::float8, s.done::float8, s.refused::float8,
         CASE s.corpus
           WHEN 'conversations' THEN (SELECT count(*) FROM (SELECT FROM coding_rule2.conversation_context
                                                             WHERE vector_embedding IS NULL AND embedding_model IS DISTINCT FROM s.model LIMIT ${MOST_COUNTED}) m)
           WHEN 'memories' THEN (SELECT count(*) FROM (SELECT FROM coding_rule2.memory_inheritance
                                                        WHERE vector_embedding IS NULL AND embedding_model IS DISTINCT FROM s.model LIMIT ${MOST_COUNTED}) m)
           ELSE (SELECT count(*) FROM coding_rule2.mistake_patterns WHERE vector_embedding IS NULL AND embedding_model IS DISTINCT FROM s.model)
         END::int AS missing
    FROM coding_rule2.embedding_states s`;

/** How far the vectors are; nothing where no provider is configured. */
@Injectable()
export class EmbeddingFigures {
  constructor(metrics: Metrics, embeddings: Embeddings, database: CodingRule2Database) {
    const gauge = (name: FigureGauge<Figure>['name'], help: string, of: (figure: Figure) => number): FigureGauge<Figure> => ({
      name,
      help,
      labels: ['product', 'of'],
      of: (figure) => ({ labels: { product: 'coding_rule2', of: figure.corpus }, value: of(figure) }),
    });
    metrics.addFigures<Figure>({
      read: async () => (embeddings.model === undefined ? [] : database.query<Figure>(FIGURES_SQL)),
      gauges: [
        gauge('nagaya_embeddings_missing', `Rows that wait for a vector, ${MOST_COUNTED.toLocaleString('en-GB')} at most.`, ({ missing }) => missing),
        gauge('nagaya_reembed_rows', 'Rows to compute anew when the last change of model began.', ({ total }) => total),
        gauge('nagaya_reembed_done_rows', 'Rows of those that are computed.', ({ done }) => done),
        gauge('nagaya_reembed_refused_rows', 'Rows of those that the provider has no vector for.', ({ refused }) => refused),
      ],
    });
  }
}
