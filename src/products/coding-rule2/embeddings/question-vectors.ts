import { Injectable } from '@nestjs/common';
import { EmbeddingError } from '../../../embeddings/embedding-provider.js';
import { Embeddings } from '../../../embeddings/embeddings.js';
import { CodingRule2Database } from '../coding-rule2.database.js';
import { EmbeddingStates, type Embedded } from './embedding-states.js';

/** Who searches waits for a provider so long. */
const SEARCH_WAITS_MS = 2_000;
/** Who is about to act is asked to wait as little as can be. */
const CHECK_WAITS_MS = 500;

export interface QuestionVector {
  readonly embedding: Float32Array;
  readonly model: string;
}

/** What somebody asks, as a vector of the model that is searched. Never in a transaction: it waits for somebody outside. */
@Injectable()
export class QuestionVectors {
  constructor(
    private readonly database: CodingRule2Database,
    private readonly embeddings: Embeddings,
    private readonly states: EmbeddingStates,
  ) {}

  get isConfigured(): boolean {
    return this.embeddings.model !== undefined;
  }

  /**
   * @param model another one than that which is searched
   * @returns undefined where nobody computes; in words why there is none, where the provider could not be asked
   */
  async ofSearch(corpus: Embedded, text: string, model?: string): Promise<QuestionVector | string | undefined> {
    const asked = this.isConfigured && text.trim() !== '' ? (model ?? (await this.states.questionModel(corpus))) : undefined;
    return asked === undefined ? undefined : this.compute(text, asked, SEARCH_WAITS_MS);
  }

  /** undefined also where no pattern has a vector to hold it against, or it could not be computed in time. */
  async ofAction(action: string): Promise<QuestionVector | undefined> {
    // An idempotency record is written in the transaction of the check, and a transaction waits for nobody outside.
    if (!this.isConfigured || this.database.isInUnitOfWork || action.trim() === '') return undefined;
    const [known] = await this.database.query<{ model: string }>(
      `SELECT model FROM coding_rule2.embedding_states s
        WHERE corpus = 'patterns' AND EXISTS (SELECT FROM coding_rule2.mistake_patterns WHERE embedding_model = s.model AND vector_embedding IS NOT NULL)`,
    );
    const vector = known && (await this.compute(action, known.model, CHECK_WAITS_MS));
    return typeof vector === 'string' ? undefined : vector;
  }

  private async compute(text: string, model: string, withinMs: number): Promise<QuestionVector | string> {
    try {
      return { embedding: await this.embeddings.ofQuery(text, model, withinMs), model };
    } catch (error) {
      if (error instanceof EmbeddingError) return error.message;
      throw error;
    }
  }
}
