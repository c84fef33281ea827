import type { EnvironmentReader } from './environment-reader.js';

/** Who computes embeddings. The address may hold a password and the key is one: neither is shown or logged. */
export interface EmbeddingSettings {
  /** The whole address that texts are posted to, `https://host/v1/embeddings`. */
  readonly url: string;
  readonly key: string | undefined;
  readonly model: string;
  /** Asked of the endpoint, for models that make vectors of several lengths; undefined: not sent, as some refuse to be asked. */
  readonly dimensions: number | undefined;
  /** Texts that one request carries. */
  readonly batch: number;
  /** How long a request in the background may take. Who waits for a search waits less. */
  readonly timeoutMs: number;
}

export const EMBEDDING_NAMES = [
  'NAGAYA_EMBEDDINGS_URL',
  'NAGAYA_EMBEDDINGS_KEY',
  'NAGAYA_EMBEDDINGS_MODEL',
  'NAGAYA_EMBEDDINGS_DIMENSIONS',
  'NAGAYA_EMBEDDINGS_BATCH',
  'NAGAYA_EMBEDDINGS_TIMEOUT',
];

/** Of every vector column: what OpenAI's small embedding models give, and the width of the original design. */
export const EMBEDDING_DIMENSIONS = 1_536;
const MODEL_MAX = 100;

/** @returns undefined where no address is given: nothing is computed, clients bring their embeddings */
export function readEmbeddingSettings(reader: EnvironmentReader): EmbeddingSettings | undefined {
  const url = readAddress(reader);
  const key = reader.token('NAGAYA_EMBEDDINGS_KEY');
  const model = reader.text('NAGAYA_EMBEDDINGS_MODEL');
  const settings = {
    key,
    dimensions: readDimensions(reader),
    batch: reader.integer('NAGAYA_EMBEDDINGS_BATCH', { default: 64, min: 1, max: 2_048 }),
    timeoutMs: 1_000 * reader.integer('NAGAYA_EMBEDDINGS_TIMEOUT', { default: 30, min: 1, max: 600 }),
  };
  if (model !== undefined && model.length > MODEL_MAX) reader.problems.push(`NAGAYA_EMBEDDINGS_MODEL is ${model.length} characters long; it may have ${MODEL_MAX}`);
  if (!reader.has('NAGAYA_EMBEDDINGS_URL')) {
    const alone = EMBEDDING_NAMES.find((name) => reader.has(name));
    if (alone !== undefined) reader.problems.push(`${alone} is given, but NAGAYA_EMBEDDINGS_URL is not: nobody would compute embeddings`);
    return undefined;
  }
  if (model === undefined) reader.problems.push('NAGAYA_EMBEDDINGS_MODEL is missing: vectors are kept with the name of the model that made them');
  return url === undefined || model === undefined ? undefined : { url: endpointOf(url), model, ...settings };
}

function readAddress(reader: EnvironmentReader): string | undefined {
  const url = reader.httpUrl('NAGAYA_EMBEDDINGS_URL');
  if (url === undefined || new URL(url).username + new URL(url).password === '') return url;
  reader.problems.push('NAGAYA_EMBEDDINGS_URL must not hold a user or a password; the key goes into NAGAYA_EMBEDDINGS_KEY');
  return undefined;
}

function readDimensions(reader: EnvironmentReader): number | undefined {
  const text = reader.text('NAGAYA_EMBEDDINGS_DIMENSIONS');
  if (text === undefined || text === String(EMBEDDING_DIMENSIONS)) return text === undefined ? undefined : EMBEDDING_DIMENSIONS;
  reader.problems.push(`NAGAYA_EMBEDDINGS_DIMENSIONS is "${text}"; it must be ${EMBEDDING_DIMENSIONS}, the length of every vector column`);
  return undefined;
}

/** What clients of this API call its base, with `/embeddings` behind it; who gives the whole address means it. */
function endpointOf(base: string): string {
  const url = new URL(base);
  const path = url.pathname.replace(/\/+$/, '');
  url.pathname = path.endsWith('/embeddings') ? path : `${path}/embeddings`;
  return url.href;
}
