import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_MIN_SIMILARITY, nearDuplicates } from './near-duplicates.js';

const clustersOf = (contents: readonly unknown[], minSimilarity = DEFAULT_MIN_SIMILARITY) =>
  nearDuplicates(contents.map((memoryContent) => ({ memoryType: 'lesson', memoryContent })), minSimilarity);
const areMerged = (a: string, b: string): boolean => clustersOf([{ text: a }, { text: b }]).length === 1;

test.each([
  ['Never force-push to the main branch.', 'Never force-push to the main branch!'],
  ['Run the tests and quote the last line of the output.', 'Run the tests, and quote the last line of the output'],
  ['ＡＰＩキーをログに書かない。', 'APIキーをログに書かない'],
  ['請求書の表は移行スクリプトで変更する。', '請求書の表は移行スクリプトで変更すること。'],
  ['Deploys happen from the release branch.', 'deploys  happen from the release branch'],
])('%j and %j say the same', (a, b) => expect(areMerged(a, b)).toBe(true));

test.each([
  ['The service listens on port 3000.', 'The service listens on port 3001.'],
  ['Push to the main branch when the tests are green.', 'Do not push to the main branch when the tests are green.'],
  ['You should restart the worker after a deploy.', "You shouldn't restart the worker after a deploy."],
  ['請求書の表は移行で変更する。', '請求書の表は移行で変更しない。'],
  ['テストは2回まで再試行する。', 'テストは3回まで再試行する。'],
  ['Prefers tabs over spaces.', 'Prefers spaces over tabs, in Go only.'],
])('%j and %j do not', (a, b) => expect(areMerged(a, b)).toBe(false));

test('what is no text must be the same, and so must the type', () => {
  const text = 'Open the whole file before the first edit.';
  expect(clustersOf([{ text, line: 3 }, { text, line: 4 }])).toHaveLength(2);
  expect(clustersOf([{ text, line: 3 }, { line: 3, text: `${text}!` }])).toHaveLength(1);
  expect(clustersOf([{ text }, { note: text }])).toHaveLength(2);
  expect(nearDuplicates([{ memoryType: 'a', memoryContent: { text } }, { memoryType: 'b', memoryContent: { text } }], 0.5)).toHaveLength(2);
});

test('every memory is in exactly one place, and the same input gives the same clusters', () => {
  const words = fc.constantFrom('open', 'the', 'file', 'ファイル', 'を', '開く', '3', 'not', '');
  fc.assert(
    fc.property(fc.array(fc.array(words, { maxLength: 5 }).map((list) => ({ text: list.join(' ') })), { maxLength: 25 }), (contents) => {
      const clusters = clustersOf(contents);
      const placed = clusters.flatMap(({ kept, sources }) => [kept, ...sources.map((source) => source.memory)]);
      expect(placed.map((memory) => memory.memoryContent as { text: string }).map(({ text }) => text).sort()).toEqual(contents.map(({ text }) => text).sort());
      expect(new Set(placed).size).toBe(contents.length);
      expect(clustersOf(contents)).toEqual(clusters);
      for (const { sources } of clusters) for (const { similarity } of sources) expect(similarity).toBeGreaterThanOrEqual(DEFAULT_MIN_SIMILARITY);
    }),
  );
});
