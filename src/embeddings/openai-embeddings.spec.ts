import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { answer, meaningOf, startEmbeddingEndpoint, type EmbeddingEndpoint } from '../../test/support/embedding-endpoint.js';
import { asBase64 } from '../../test/support/vectors.js';
import { EmbeddingError, type EmbeddingRequest } from './embedding-provider.js';
import { OpenAiEmbeddings } from './openai-embeddings.js';

const KEY = 'sk-nobody-may-see-this';
let endpoint: EmbeddingEndpoint;
let provider: OpenAiEmbeddings;

beforeAll(async () => {
  endpoint = await startEmbeddingEndpoint();
});
afterAll(() => endpoint.close());
beforeEach(() => {
  Object.assign(endpoint, { instead: undefined, spoil: undefined });
  endpoint.asked.length = 0;
  provider = new OpenAiEmbeddings({ url: `${endpoint.url}/embeddings`, key: KEY, model: 'm', dimensions: undefined, batch: 8, timeoutMs: 5_000 }, 1_536);
});

const embed = (texts: string[], request: Partial<EmbeddingRequest> = {}): Promise<Float32Array[]> =>
  provider.embed(texts, { model: 'm', signal: new AbortController().signal, timeoutMs: 5_000, tries: 1, ...request });
async function failure(texts: string[], request: Partial<EmbeddingRequest> = {}): Promise<EmbeddingError> {
  const error: unknown = await embed(texts, request).then(() => undefined, (reason: unknown) => reason);
  if (!(error instanceof EmbeddingError)) throw new Error(`no EmbeddingError but ${String(error)}`);
  expect(error.message).not.toContain(KEY);
  expect(error.message).not.toContain('127.0.0.1');
  return error;
}

describe('what is asked', () => {
  test('is the model, the texts and the key, and a length only where one is wanted', async () => {
    await embed(['a', 'b']);
    expect(endpoint.asked).toEqual([{ authorization: `Bearer ${KEY}`, model: 'm', input: ['a', 'b'], encoding_format: 'float' }]);
    await new OpenAiEmbeddings({ url: `${endpoint.url}/embeddings`, key: undefined, model: 'm', dimensions: 1_536, batch: 8, timeoutMs: 5_000 }, 1_536).embed(['a'], { model: 'other', signal: new AbortController().signal, timeoutMs: 5_000, tries: 1 });
    expect(endpoint.asked[1]).toMatchObject({ authorization: undefined, model: 'other', dimensions: 1_536 });
  });

  test('is cut where models would refuse it, but not within a character', async () => {
    await embed([`${'x'.repeat(5_999)}🙂 and more`]);
    expect(endpoint.asked[0]?.input[0]).toBe('x'.repeat(5_999));
  });
});

describe('what is answered', () => {
  test('goes to its text by index, in whatever order it comes, in numbers or base64', async () => {
    endpoint.spoil = (data) => data.map(({ index, embedding }) => ({ index, embedding: index === 1 ? asBase64(Float32Array.from(embedding as number[])) : embedding })).toReversed();
    expect(await embed(['one', 'two', 'three'])).toEqual(['one', 'two', 'three'].map((text) => meaningOf(text, 'm')));
  });

  test.each<[string, (data: { index: number; embedding: unknown }[]) => unknown[]]>([
    ['one too few', (data) => data.slice(1)],
    ['one too many', (data) => [...data, { index: 2, embedding: data[0]?.embedding }]],
    ['the same index twice', (data) => data.map((item) => ({ ...item, index: 0 }))],
    ['an index that no text has', (data) => data.map((item) => ({ ...item, index: item.index + 5 }))],
    ['another length', (data) => data.map((item) => ({ ...item, embedding: (item.embedding as number[]).slice(1) }))],
    ['not a number', (data) => data.map((item) => ({ ...item, embedding: (item.embedding as number[]).map(() => null) }))],
    ['beyond float32', (data) => data.map((item) => ({ ...item, embedding: (item.embedding as number[]).map(() => 1e300) }))],
    ['no direction', (data) => data.map((item) => ({ ...item, embedding: (item.embedding as number[]).map(() => 0) }))],
    ['nothing', (data) => data.map(() => null)],
  ])('is refused where it is %s', async (_, spoil) => {
    endpoint.spoil = spoil;
    expect((await failure(['a', 'b'], { tries: 3 })).kind).toBe('malformed');
    expect(endpoint.asked).toHaveLength(1);
  });

  test.each<[string, (response: Parameters<NonNullable<EmbeddingEndpoint['instead']>>[0]) => boolean]>([
    ['a page', (response) => (response.writeHead(200).end('<html>'), true)],
    ['something else in JSON', (response) => answer(response, 200, [1])],
    ['without an end', (response) => (response.writeHead(200).write(Buffer.alloc(8 * 1024 * 1024, 32)), true)],
  ])('is refused where it is %s', async (_, instead) => {
    endpoint.instead = instead;
    expect((await failure(['a'])).kind).toBe('malformed');
  });
});

describe('an endpoint that fails', () => {
  test('and comes round is asked again, when it says', async () => {
    const statuses = [429, 500, 503];
    endpoint.instead = (response) => statuses.length > 0 && answer(response, statuses.shift()!, {}, { 'retry-after': '0' });
    expect(await embed(['a'], { tries: 4 })).toHaveLength(1);
    expect(endpoint.asked).toHaveLength(4);
  });

  test('is waited for as long as it wants, but not for an hour', async () => {
    endpoint.instead = (response) => endpoint.asked.length < 2 && answer(response, 429, {}, { 'retry-after': '1' });
    const started = performance.now();
    await embed(['a'], { tries: 2 });
    expect(performance.now() - started).toBeGreaterThan(990);
    endpoint.instead = (response) => answer(response, 429, {}, { 'retry-after': '3600' });
    expect((await failure(['a'], { tries: 5 })).kind).toBe('unavailable');
    expect(endpoint.asked).toHaveLength(3);
  });

  test('for ever is given up after so many tries', async () => {
    endpoint.instead = (response) => answer(response, 502, {}, { 'retry-after': '0' });
    expect((await failure(['a'], { tries: 3 })).kind).toBe('unavailable');
    expect(endpoint.asked).toHaveLength(3);
  });

  test('by hanging, before or within its answer, is given up in time', async () => {
    for (const hang of [() => true, (response: { write(text: string): unknown }) => (response.write('{'), true)]) {
      endpoint.instead = hang;
      expect((await failure(['a'], { timeoutMs: 100 })).message).toContain('no answer in 0.1 s');
    }
  });

  test('by not being there is unavailable', async () => {
    provider = new OpenAiEmbeddings({ url: 'http://127.0.0.1:9/v1/embeddings', key: KEY, model: 'm', dimensions: undefined, batch: 8, timeoutMs: 5_000 }, 1_536);
    expect((await failure(['a'])).kind).toBe('unavailable');
  });

  test('by refusing is not asked again, and its own words stay out, since they may hold the key', async () => {
    endpoint.instead = (response) => answer(response, 401, { error: { message: `Incorrect API key provided: ${KEY}`, code: 'invalid_api_key' } });
    const refused = await failure(['a'], { tries: 5 });
    expect(refused).toMatchObject({ kind: 'refused', mayBeTheText: false, message: 'the embedding endpoint refuses (401 invalid_api_key)' });
    endpoint.instead = (response) => answer(response, 400, { error: { message: KEY, code: KEY } });
    expect(await failure(['a'], { tries: 5 })).toMatchObject({ kind: 'refused', mayBeTheText: true });
    expect(endpoint.asked).toHaveLength(2);
  });

  test('by sending elsewhere is not followed: the key stays where it was meant to go', async () => {
    endpoint.instead = (response) => endpoint.asked.length === 1 && answer(response, 307, {}, { location: `${endpoint.url}/embeddings` });
    expect((await failure(['a'], { tries: 3 })).kind).toBe('refused');
    expect(endpoint.asked).toHaveLength(1);
  });

  test('is left alone when the signal says so, also between two tries', async () => {
    const stop = new AbortController();
    endpoint.instead = (response) => (setTimeout(() => stop.abort(new Error('stopped')), 50), answer(response, 503, {}, { 'retry-after': '30' }));
    await expect(embed(['a'], { tries: 3, signal: stop.signal })).rejects.toThrow('stopped');
  });
});
