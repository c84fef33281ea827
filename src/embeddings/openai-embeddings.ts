import { setTimeout as sleep } from 'node:timers/promises';
import type { EmbeddingSettings } from '../config/embedding-settings.js';
import { readVectors } from './answered-vectors.js';
import { EmbeddingError, type EmbeddingProvider, type EmbeddingRequest } from './embedding-provider.js';
import { retryAfterMs } from './retry-after.js';

/** Models take some 8,000 tokens, and Japanese has about one a character: what lies behind says little more about the whole. */
const LONGEST_TEXT = 6_000;
const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 60_000;
/** Of an answer: a number in JSON with its comma, generously, and room for the rest. */
const BYTES_A_NUMBER = 40;
const BYTES_BESIDE = 1_048_576;
/** Busy, or broken for the moment; 529 is what some say for overloaded. */
const TRY_AGAIN = new Set([408, 425, 429, 500, 502, 503, 504, 529]);
const ABOUT_THE_TEXT = new Set([400, 413, 422]);

/** Any endpoint that speaks OpenAI's embeddings API. */
export class OpenAiEmbeddings implements EmbeddingProvider {
  constructor(
    private readonly settings: EmbeddingSettings,
    private readonly dimensions: number,
  ) {}

  async embed(texts: readonly string[], request: EmbeddingRequest): Promise<Float32Array[]> {
    for (let tried = 1; ; tried++) {
      const answer = await this.attempt(texts, request);
      if (!('again' in answer)) return answer;
      const { reason, afterMs } = answer.again;
      const pause = afterMs ?? FIRST_PAUSE_MS * 2 ** (tried - 1) * (1 + Math.random() / 4);
      if (tried >= request.tries || pause > LONGEST_PAUSE_MS) throw new EmbeddingError('unavailable', reason);
      await sleep(pause, undefined, { signal: request.signal }).catch(() => request.signal.throwIfAborted());
    }
  }

  private async attempt(texts: readonly string[], { model, signal, timeoutMs }: EmbeddingRequest): Promise<Float32Array[] | { again: { reason: string; afterMs?: number } }> {
    const timeout = AbortSignal.timeout(timeoutMs);
    try {
      const response = await fetch(this.settings.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/json', ...(this.settings.key !== undefined && { authorization: `Bearer ${this.settings.key}` }) },
        body: JSON.stringify({ model, input: texts.map(shortened), encoding_format: 'float', ...(this.settings.dimensions !== undefined && { dimensions: this.settings.dimensions }) }),
        // The key goes where it was meant to go, and nowhere else.
        redirect: 'manual',
        signal: AbortSignal.any([signal, timeout]),
      });
      const body = await readBody(response, BYTES_BESIDE + texts.length * this.dimensions * BYTES_A_NUMBER);
      if (response.status === 200) return readVectors(body, texts.length, this.dimensions);
      if (!TRY_AGAIN.has(response.status)) throw refusal(response.status, body);
      const afterMs = retryAfterMs(response.headers.get('retry-after'), Date.now());
      return { again: { reason: `the embedding endpoint answered ${response.status}`, ...(afterMs !== undefined && { afterMs }) } };
    } catch (error) {
      if (error instanceof EmbeddingError) throw error;
      signal.throwIfAborted();
      return { again: { reason: timeout.aborted ? `the embedding endpoint gave no answer in ${timeoutMs / 1_000} s` : 'the embedding endpoint can not be reached' } };
    }
  }
}

function refusal(status: number, body: string): EmbeddingError {
  if (status >= 300 && status < 400) return new EmbeddingError('refused', `the embedding endpoint redirects (${status}), which is not followed: give its own address`);
  const code = codeIn(body);
  return new EmbeddingError('refused', `the embedding endpoint refuses (${status}${code === undefined ? '' : ` ${code}`})`, ABOUT_THE_TEXT.has(status));
}

/** The stable code of the API, such as `model_not_found`. Its sentences are left out: they may repeat the key. */
function codeIn(body: string): string | undefined {
  try {
    const { error } = JSON.parse(body) as { error?: { code?: unknown; type?: unknown } };
    return [error?.code, error?.type].find((code): code is string => typeof code === 'string' && /^[a-z][a-z_]{2,59}$/.test(code));
  } catch {
    return undefined;
  }
}

async function readBody(response: Response, most: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).length;
    if (size > most) throw new EmbeddingError('malformed', 'the embedding endpoint answered more than the vectors can be');
    chunks.push(chunk as Uint8Array);
  }
  return Buffer.concat(chunks).toString();
}

/** Not in the middle of a character. */
function shortened(text: string): string {
  return text.length <= LONGEST_TEXT ? text : text.slice(0, LONGEST_TEXT).replace(/[\uD800-\uDBFF]$/, '');
}
