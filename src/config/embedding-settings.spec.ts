import { describe, expect, test } from '@jest/globals';
import { readEmbeddingSettings } from './embedding-settings.js';
import { EnvironmentReader } from './environment-reader.js';

function read(source: Record<string, string>): { settings: ReturnType<typeof readEmbeddingSettings>; problems: readonly string[] } {
  const reader = new EnvironmentReader(source);
  return { settings: readEmbeddingSettings(reader), problems: reader.problems };
}

const GOOD = { NAGAYA_EMBEDDINGS_URL: 'https://host/v1', NAGAYA_EMBEDDINGS_MODEL: 'm' };

describe('settings of embeddings', () => {
  test('are none where no address is given, and it is told of what was meant for one', () => {
    expect(read({})).toEqual({ settings: undefined, problems: [] });
    for (const name of ['KEY', 'MODEL', 'BATCH', 'TIMEOUT', 'DIMENSIONS']) {
      expect(read({ [`NAGAYA_EMBEDDINGS_${name}`]: '1536' }).problems.join()).toContain(`NAGAYA_EMBEDDINGS_${name} is given, but NAGAYA_EMBEDDINGS_URL is not`);
    }
  });

  test.each([
    ['https://host/v1', 'https://host/v1/embeddings'],
    ['https://host/v1/', 'https://host/v1/embeddings'],
    ['https://host/v1/embeddings', 'https://host/v1/embeddings'],
    ['http://127.0.0.1:11434', 'http://127.0.0.1:11434/embeddings'],
    ['https://host/openai/v1?api-version=2', 'https://host/openai/v1/embeddings?api-version=2'],
  ])('take %s as %s', (NAGAYA_EMBEDDINGS_URL, url) => {
    expect(read({ ...GOOD, NAGAYA_EMBEDDINGS_URL })).toEqual({ settings: { url, key: undefined, model: 'm', dimensions: undefined, batch: 64, timeoutMs: 30_000 }, problems: [] });
  });

  test.each([
    [{ NAGAYA_EMBEDDINGS_MODEL: '' }, 'NAGAYA_EMBEDDINGS_MODEL is missing'],
    [{ NAGAYA_EMBEDDINGS_MODEL: 'x'.repeat(101) }, 'NAGAYA_EMBEDDINGS_MODEL is 101 characters long'],
    [{ NAGAYA_EMBEDDINGS_URL: 'https://user:pass@host/v1' }, 'must not hold a user or a password'],
    [{ NAGAYA_EMBEDDINGS_URL: 'ftp://host' }, 'NAGAYA_EMBEDDINGS_URL must look like'],
    [{ NAGAYA_EMBEDDINGS_KEY: 'two words' }, 'NAGAYA_EMBEDDINGS_KEY must be printable ASCII'],
    [{ NAGAYA_EMBEDDINGS_DIMENSIONS: '768' }, 'it must be 1536'],
    [{ NAGAYA_EMBEDDINGS_BATCH: '0' }, 'NAGAYA_EMBEDDINGS_BATCH is "0"'],
  ])('refuse %j', (given, problem) => {
    const { problems } = read({ ...GOOD, ...given });
    expect(problems).toEqual([expect.stringContaining(problem)]);
    expect(problems.join()).not.toMatch(/pass@|two words/);
  });
});
