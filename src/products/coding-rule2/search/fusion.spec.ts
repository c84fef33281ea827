import { expect, test } from '@jest/globals';
import { fuse, type Candidate } from './fusion.js';

const ROWS = 5_000;

/** The same in every run. */
let state = 7;
function uniform(): number {
  state = (state * 48_271) % 2_147_483_647;
  return state / 2_147_483_647;
}
function normal(): number {
  return Array.from({ length: 12 }, uniform).reduce((sum, x) => sum + x, -6);
}

/** Ten rows that a leg means, and a hundred that chance brings. */
function candidates(text: 'knows' | 'noise', vector: 'knows' | 'noise'): Candidate[] {
  return Array.from({ length: 200 }, (_, n) => ({
    id: n < 10 ? `meant ${n}` : `chance ${n}`,
    text: text === 'knows' && n < 10 ? 18 + 6 * uniform() : 9 * uniform(),
    similarity: vector === 'knows' && n < 10 ? 0.4 + 0.2 * uniform() : 0.09 * uniform(),
  }));
}

const background = { documents: ROWS, usual: Array.from({ length: 300 }, () => 0.025 * normal()) };

test.each([
  ['knows', 'knows'],
  ['knows', 'noise'],
  ['noise', 'knows'],
] as const)('words: %s, vectors: %s: what one leg means is found', (text, vector) => {
  const found = fuse(candidates(text, vector), { text: 1, vector: 1 }, background).slice(0, 10);
  expect(found.filter(({ id }) => id.startsWith('meant'))).toHaveLength(10);
});

test('vectors that put a hundred rows near, none before the others, do not push out what words mean', () => {
  const rows = candidates('knows', 'noise').map((row, n) => (n < 100 ? row : { ...row, similarity: 0.4 + 0.04 * uniform() }));
  const found = fuse(rows, { text: 1, vector: 1 }, background).slice(0, 10);
  expect(found.filter(({ id }) => id.startsWith('meant'))).toHaveLength(10);
});

test('one row that stands out by its vector comes before rows that have the words, none before the others', () => {
  const rows = candidates('noise', 'noise').map((row, n) => (n < 150 ? { ...row, text: 20 + 2 * uniform() } : n === 170 ? { ...row, similarity: 0.3 } : row));
  expect(fuse(rows, { text: 1, vector: 1 }, background)[0]?.id).toBe('chance 170');
});

test('a row that one leg means is found though it has no vector, as half of the rows have none', () => {
  const rows = candidates('knows', 'knows').map((row, n) => (n % 2 === 0 ? row : { ...row, similarity: null }));
  const found = fuse(rows, { text: 1, vector: 1 }, background).slice(0, 10);
  expect(found.filter(({ id }) => id.startsWith('meant'))).toHaveLength(10);
});

test('the order is that of the vectors where no row has any of the words', () => {
  const rows = candidates('noise', 'knows').map((row) => ({ ...row, text: null }));
  const byVector = [...rows].sort((a, b) => b.similarity! - a.similarity!).map(({ id }) => id);
  expect(fuse(rows, { text: 1, vector: 1 }, background).map(({ id }) => id)).toEqual(byVector);
});

test('the order is hardly that of vectors which put every row at the same distance', () => {
  const rows = candidates('knows', 'noise').map((row) => ({ ...row, similarity: 0.5 }));
  const byText = [...rows].sort((a, b) => b.text! - a.text!).map(({ id }) => id);
  expect(fuse(rows, { text: 1, vector: 1 }, { documents: ROWS, usual: background.usual.map(() => 0.5) }).map(({ id }) => id)).toEqual(byText);
});

test('a weight of 0 leaves the order to the other leg', () => {
  const rows = candidates('knows', 'knows');
  const byVector = [...rows].sort((a, b) => b.similarity! - a.similarity!).map(({ id }) => id);
  expect(fuse(rows, { text: 0, vector: 1 }, background).map(({ id }) => id).slice(0, 20)).toEqual(byVector.slice(0, 20));
});
