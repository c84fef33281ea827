import type { Embedded } from './embedding-states.js';

/** Rows by the model of their vectors. */
export interface ModelCount {
  /** null: nobody has named it, or there is no vector. */
  readonly model: string | null;
  readonly hasVector: boolean;
  readonly rows: number;
}

/** Keeps the vectors of one kind of rows. */
export interface EmbeddingUpkeep {
  readonly corpus: Embedded;
  /** Does one portion of what is to be done. Safe to repeat, and beside another process that does the same. @returns rows that it has dealt with, 0 where nothing is left */
  step(signal: AbortSignal): Promise<number>;
  countByModel(): Promise<ModelCount[]>;
}
