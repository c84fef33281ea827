import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Embeddings } from '../../../embeddings/embeddings.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import type { EmbeddingState } from './embedding-state.entity.js';

/** What has vectors. */
export const EMBEDDED = ['conversations', 'memories', 'patterns'] as const;
export type Embedded = (typeof EMBEDDED)[number];

/** A search may have asked its question in the old model just before all rows had the new one. */
const KEPT_FOR_S = 60;

export interface UpkeepState extends Omit<EmbeddingState, 'switchedAt'> {
  corpus: Embedded;
  /** No search can still be under way that began before the change was over. */
  isSettled: boolean;
}

const COLUMNS = `corpus, model, next_model AS "nextModel", cursor_no AS "cursorNo", total, done, refused, keeps,
  coalesce(switched_at < clock_timestamp() - make_interval(secs => ${KEPT_FOR_S}), true) AS "isSettled"`;

/** Which models are at work, by the table: any number of processes agree on it. */
@Injectable()
export class EmbeddingStates {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly embeddings: Embeddings,
  ) {}

  /** What begins without a state begins with the model of the configuration. */
  async of(corpus: Embedded): Promise<UpkeepState> {
    const [state] = await this.database.query<UpkeepState>(`SELECT ${COLUMNS} FROM coding_rule2.embedding_states WHERE corpus = $1`, [corpus]);
    if (state !== undefined) return state;
    await this.database.query('INSERT INTO coding_rule2.embedding_states (corpus, model) VALUES ($1, $2) ON CONFLICT (corpus) DO NOTHING', [corpus, this.embeddings.model]);
    return this.of(corpus);
  }

  /** Those that there are; makes none. */
  all(): Promise<UpkeepState[]> {
    return this.database.query<UpkeepState>(`SELECT ${COLUMNS} FROM coding_rule2.embedding_states ORDER BY corpus`);
  }

  /**
   * The model that questions are asked in.
   * @returns the configuration's where nothing has been computed yet, undefined where nobody computes
   */
  async questionModel(corpus: Embedded): Promise<string | undefined> {
    if (this.embeddings.model === undefined) return undefined;
    const [state] = await this.database.query<{ model: string }>('SELECT model FROM coding_rule2.embedding_states WHERE corpus = $1', [corpus]);
    return state?.model ?? this.embeddings.model;
  }

  /** Begins a change of model, or goes on with it where it is under way. @param total rows that have no vector of it */
  async begin(corpus: Embedded, model: string, total: number): Promise<void> {
    await this.database.query(
      `INSERT INTO coding_rule2.embedding_states AS s (corpus, model, next_model, total) VALUES ($1, $2, $3, $4)
       ON CONFLICT (corpus) DO UPDATE SET next_model = excluded.next_model, cursor_no = 0, total = excluded.total, done = 0, refused = 0
        WHERE s.next_model IS DISTINCT FROM excluded.next_model`,
      [corpus, this.embeddings.model ?? model, model, total],
    );
  }

  /** Questions are asked in the new model from the commit on: there are no rows left that have none of it. */
  async finish({ corpus, nextModel, cursorNo }: UpkeepState): Promise<void> {
    await this.database.query(
      `UPDATE coding_rule2.embedding_states SET model = next_model, next_model = NULL, cursor_no = 0, switched_at = clock_timestamp()
        WHERE corpus = $1 AND next_model = $2 AND cursor_no = $3`,
      [corpus, nextModel, cursorNo],
    );
  }
}

/**
 * Holds a state as it was read until the transaction ends. Who has lost the lease while it waited for the provider finds it changed.
 * @returns false where it has changed: what was computed is of no use any more
 */
export async function isStill(tx: EntityManager, { corpus, model, nextModel, cursorNo }: UpkeepState): Promise<boolean> {
  const [now] = await tx.query<{ model: string; nextModel: string | null; cursorNo: string }[]>(
    'SELECT model, next_model AS "nextModel", cursor_no AS "cursorNo" FROM coding_rule2.embedding_states WHERE corpus = $1 FOR UPDATE',
    [corpus],
  );
  return now !== undefined && now.model === model && now.nextModel === nextModel && now.cursorNo === cursorNo;
}
