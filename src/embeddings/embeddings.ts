import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { EMBEDDING_DIMENSIONS, type EmbeddingSettings } from '../config/embedding-settings.js';
import { Metrics } from '../metrics/metrics.js';
import { EmbeddingError, type EmbeddingProvider, type EmbeddingRequest } from './embedding-provider.js';
import { OpenAiEmbeddings } from './openai-embeddings.js';
import { RecentVectors } from './recent-vectors.js';
import type { VectorKeeper } from './vector-keeper.js';

/** In the background an endpoint is given time to come round. */
const TRIES = 5;
/** After an endpoint has failed somebody who waits, nobody waits for it for so long. */
const QUIET_MS = 10_000;
/** Seconds: from a model on the same machine to a batch of long texts over the ocean. */
const BUCKETS = [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60];

/** The provider of this process's configuration; none until it is told of one. */
@Injectable()
export class Embeddings {
  private settings: EmbeddingSettings | undefined;
  private provider: EmbeddingProvider | undefined;
  private readonly keepers: VectorKeeper[] = [];
  private readonly recent = new RecentVectors();
  private quiet: { readonly until: number; readonly why: EmbeddingError } | undefined;
  private readonly seconds: Histogram;
  private readonly texts: Counter;

  constructor(metrics: Metrics) {
    this.seconds = new Histogram({
      name: 'nagaya_embedding_request_duration_seconds',
      help: 'Requests to the embedding endpoint, with their repetitions, by what came of them.',
      labelNames: ['outcome'],
      buckets: BUCKETS,
      registers: [metrics.registry],
    });
    this.texts = new Counter({
      name: 'nagaya_embedded_texts_total',
      help: 'Texts for which the endpoint gave a vector, by what they were.',
      labelNames: ['of'],
      registers: [metrics.registry],
    });
  }

  use(settings: EmbeddingSettings | undefined): void {
    this.settings = settings;
    this.quiet = undefined;
    this.provider = settings && new OpenAiEmbeddings(settings, EMBEDDING_DIMENSIONS);
  }

  /** Called by products that keep vectors, when they start. */
  addKeeper(keeper: VectorKeeper): void {
    this.keepers.push(keeper);
  }

  keeperOf(productId: string): VectorKeeper | undefined {
    return this.keepers.find((keeper) => keeper.productId === productId);
  }

  /** The model of the configuration; undefined where nobody computes. */
  get model(): string | undefined {
    return this.settings?.model;
  }

  /** Texts that one request carries. */
  get batch(): number {
    return this.settings?.batch ?? 1;
  }

  /** In the background: patiently. @throws EmbeddingError */
  async ofRows(texts: readonly string[], model: string, signal: AbortSignal): Promise<Float32Array[]> {
    const vectors = await this.ask(texts, { model, signal, timeoutMs: this.settings?.timeoutMs ?? 0, tries: TRIES });
    this.texts.inc({ of: 'rows' }, texts.length);
    return vectors;
  }

  /**
   * For somebody who waits: one attempt, and after one that has failed none for a while. What was asked lately is known.
   * @throws EmbeddingError
   */
  async ofQuery(text: string, model: string, withinMs: number): Promise<Float32Array> {
    const known = this.recent.get(model, text);
    if (known !== undefined) return known;
    if (this.quiet !== undefined && Date.now() < this.quiet.until) throw this.quiet.why;
    try {
      const [vector] = await this.ask([text], { model, signal: new AbortController().signal, timeoutMs: withinMs, tries: 1 });
      this.texts.inc({ of: 'queries' });
      this.quiet = undefined;
      this.recent.add(model, text, vector!);
      return vector!;
    } catch (error) {
      if (error instanceof EmbeddingError && !error.mayBeTheText) this.quiet = { until: Date.now() + QUIET_MS, why: error };
      throw error;
    }
  }

  private async ask(texts: readonly string[], request: EmbeddingRequest): Promise<Float32Array[]> {
    if (this.provider === undefined) throw new EmbeddingError('unavailable', 'no embedding endpoint is configured');
    const started = performance.now();
    let outcome = 'done';
    try {
      return await this.provider.embed(texts, request);
    } catch (error) {
      outcome = error instanceof EmbeddingError ? error.kind : 'stopped';
      throw error;
    } finally {
      this.seconds.observe({ outcome }, (performance.now() - started) / 1_000);
    }
  }
}
