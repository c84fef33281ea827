import { vectorToBinary } from '../../../database/vector.js';
import type { CodingRule2Database } from '../coding-rule2.database.js';
import { usableRules } from '../checks/pattern-rules.js';
import { isStill, type EmbeddingStates, type UpkeepState } from './embedding-states.js';
import type { EmbeddingUpkeep, ModelCount } from './embedding-upkeep.js';
import type { RowEmbedder } from './row-embedder.js';

interface PatternRow {
  id: string;
  patternType: string;
  patternDescription: string;
  patternData: Record<string, unknown>;
  hash: string;
}

/** SQL: tells whether what a pattern's vector was computed from has changed. */
const HASH = `hashtextextended(pattern_description || coalesce(pattern_data ->> 'examples', ''), 0)`;

/**
 * The vectors of mistake patterns. They are few, so a change of model keeps none: checks hold an action against those that have
 * the model which is searched, until in a few seconds all have the next.
 */
export class PatternUpkeep implements EmbeddingUpkeep {
  readonly corpus = 'patterns';

  constructor(
    private readonly database: CodingRule2Database,
    private readonly states: EmbeddingStates,
    private readonly embedder: RowEmbedder,
    private readonly batch: () => number,
  ) {}

  /** Patterns without a vector, those whose words have changed since theirs was computed, and in a change of model all others. */
  async step(signal: AbortSignal): Promise<number> {
    const state = await this.states.of(this.corpus);
    const model = state.nextModel ?? state.model;
    const rows = await this.database.query<PatternRow>(
      `SELECT id, pattern_type AS "patternType", pattern_description AS "patternDescription", pattern_data AS "patternData", ${HASH} AS hash
         FROM coding_rule2.mistake_patterns
        WHERE (vector_embedding IS NULL AND embedding_model IS DISTINCT FROM $1::text) OR (embedded_text IS NOT NULL AND embedded_text <> ${HASH})
           OR ($2 AND embedding_model IS DISTINCT FROM $1::text)
        ORDER BY id LIMIT $3`,
      [model, state.nextModel !== null, this.batch()],
    );
    if (rows.length === 0 && state.nextModel !== null) await this.states.finish(state);
    if (rows.length === 0) return 0;
    const vectors = await this.embedder.embed(rows.map(textOf), model, signal);
    return this.write(state, model, rows, vectors);
  }

  private async write(state: UpkeepState, model: string, rows: readonly PatternRow[], vectors: readonly (Float32Array | null)[]): Promise<number> {
    return this.database.transaction(async (tx) => {
      if (!(await isStill(tx, state))) return 0;
      for (const [at, { id, hash }] of rows.entries()) {
        const vector = vectors[at] ?? null;
        // Described anew while it was computed: the next step sees to it.
        await tx.query(
          `UPDATE coding_rule2.mistake_patterns SET vector_embedding = $3, embedding_model = $4, embedded_text = $2
            WHERE id = $1 AND ${HASH} = $2 AND (vector_embedding IS NULL OR embedded_text IS NOT NULL OR $5)`,
          [id, hash, vector && vectorToBinary(vector), model, state.nextModel !== null],
        );
      }
      if (state.nextModel !== null) {
        const refused = vectors.filter((vector) => vector === null).length;
        await tx.query('UPDATE coding_rule2.embedding_states SET done = done + $2, refused = refused + $3 WHERE corpus = $1', [this.corpus, rows.length, refused]);
      }
      return rows.length;
    });
  }

  countByModel(): Promise<ModelCount[]> {
    return this.database.query<ModelCount>(
      `SELECT embedding_model AS model, vector_embedding IS NOT NULL AS "hasVector", count(*)::int AS rows FROM coding_rule2.mistake_patterns GROUP BY 1, 2`,
    );
  }
}

/** What an action that repeats the mistake would be like. */
function textOf({ patternType, patternDescription, patternData }: PatternRow): string {
  return [patternType.replaceAll(/[-_]+/g, ' '), patternDescription, ...usableRules(patternData).examples].join('\n');
}
