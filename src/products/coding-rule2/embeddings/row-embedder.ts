import { Injectable } from '@nestjs/common';
import { EmbeddingError } from '../../../embeddings/embedding-provider.js';
import { Embeddings } from '../../../embeddings/embeddings.js';

/** Any endpoint has a vector for it: where it is refused too, it was not the text's fault. */
const HARMLESS = 'hello';

/** Vectors of rows. A text that the provider does not take costs its own row the vector, and no other. */
@Injectable()
export class RowEmbedder {
  constructor(private readonly embeddings: Embeddings) {}

  /** @returns one a text; null for a blank one and for one that is refused. @throws EmbeddingError where it is not the texts */
  async embed(texts: readonly string[], model: string, signal: AbortSignal): Promise<(Float32Array | null)[]> {
    const said = texts.flatMap((text, at) => (text.trim() === '' ? [] : [{ text, at }]));
    const vectors = texts.map((): Float32Array | null => null);
    if (said.length === 0) return vectors;
    const found = await this.ask(said.map(({ text }) => text), model, signal, false);
    for (const [i, { at }] of said.entries()) vectors[at] = found[i] ?? null;
    return vectors;
  }

  private async ask(texts: readonly string[], model: string, signal: AbortSignal, isTried: boolean): Promise<(Float32Array | null)[]> {
    try {
      return await this.embeddings.ofRows(texts, model, signal);
    } catch (error) {
      if (!(error instanceof EmbeddingError) || !error.mayBeTheText) throw error;
    }
    if (!isTried) await this.embeddings.ofRows([HARMLESS], model, signal);
    if (texts.length === 1) return [null];
    const half = Math.ceil(texts.length / 2);
    return [...(await this.ask(texts.slice(0, half), model, signal, true)), ...(await this.ask(texts.slice(half), model, signal, true))];
  }
}
