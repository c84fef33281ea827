/** Why there are no vectors: nobody answered, the endpoint would not do it, or what it answered is no embedding. */
export type EmbeddingFailure = 'unavailable' | 'refused' | 'malformed';

/** The message never holds the address, the key, or what the endpoint said in its own words: some repeat the key. */
export class EmbeddingError extends Error {
  constructor(
    readonly kind: EmbeddingFailure,
    message: string,
    /** It may be the text that the endpoint does not take, and another one would do. */
    readonly mayBeTheText = false,
  ) {
    super(message);
    this.name = 'EmbeddingError';
  }
}

export interface EmbeddingRequest {
  readonly model: string;
  readonly signal: AbortSignal;
  /** For one attempt, answer included. */
  readonly timeoutMs: number;
  /** How often it is asked at most, where it is busy or does not answer. */
  readonly tries: number;
}

/** Whoever computes vectors. */
export interface EmbeddingProvider {
  /**
   * One vector a text, in the order of the texts, each as long as the columns are.
   * @param texts none of them blank
   * @throws EmbeddingError, or the signal's reason once it has aborted
   */
  embed(texts: readonly string[], request: EmbeddingRequest): Promise<Float32Array[]>;
}
