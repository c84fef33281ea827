import { readEmbedding } from '../http/embedding.js';
import { Refusal } from '../http/field.js';
import { EmbeddingError } from './embedding-provider.js';

/**
 * The vectors of an answer, in the order of the texts: by `index` and not by place, as the API allows any. Numbers or base64.
 * @throws EmbeddingError `malformed`
 */
export function readVectors(body: string, count: number, dimensions: number): Float32Array[] {
  const data = dataIn(body);
  if (data.length !== count) throw new EmbeddingError('malformed', `the embedding endpoint answered ${data.length} vectors for ${count} texts`);
  const vectors = Array.from({ length: count }, (): Float32Array | undefined => undefined);
  for (const [place, item] of data.entries()) {
    const { index = place, embedding } = (typeof item === 'object' && item !== null ? item : {}) as { index?: unknown; embedding?: unknown };
    if (typeof index !== 'number' || !Number.isInteger(index) || index < 0 || index >= count || vectors[index] !== undefined) {
      throw new EmbeddingError('malformed', 'the embedding endpoint numbered its vectors in a way that leaves open which text is which');
    }
    const vector = readEmbedding(embedding, dimensions);
    if (vector instanceof Refusal) throw new EmbeddingError('malformed', `the embedding endpoint answered a vector that ${vector.problems[0]?.detail ?? 'is none'}`, true);
    vectors[index] = vector;
  }
  return vectors as Float32Array[];
}

function dataIn(body: string): unknown[] {
  let answer: unknown;
  try {
    answer = JSON.parse(body);
  } catch {
    throw new EmbeddingError('malformed', 'the embedding endpoint did not answer in JSON');
  }
  const data = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : undefined;
  if (!Array.isArray(data)) throw new EmbeddingError('malformed', 'the embedding endpoint answered no list of vectors');
  return data;
}
