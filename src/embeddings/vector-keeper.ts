/** How far the vectors of one kind of rows are. */
export interface KeptVectors {
  /** For people, such as `conversations`. */
  readonly name: string;
  /** What is searched. */
  readonly model: string;
  /** What is being changed over to; null where nothing is. */
  readonly nextModel: string | null;
  /** Of the change under way, or the last one: rows to compute anew, those that are, and those that the provider has no vector for. */
  readonly total: number;
  readonly done: number;
  readonly refused: number;
}

/** A product that keeps vectors, as the command line sees it. */
export interface VectorKeeper {
  readonly productId: string;
  /** The job that computes. */
  readonly jobName: string;
  /** Begins to compute anew all that is not of the model, in the background; goes on where that is under way. */
  begin(model: string): Promise<void>;
  look(): Promise<KeptVectors[]>;
  countByModel(): Promise<{ readonly name: string; readonly model: string | null; readonly hasVector: boolean; readonly rows: number }[]>;
}
