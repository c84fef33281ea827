import { expect, test } from '@jest/globals';
import { inOrder, rankByRareTerms } from './rare-terms.js';
import { SegmentBuilder } from './segment-builder.js';
import { readLengths, readPostings } from './segment-format.js';
import type { TermInSegment } from './segment-reader.js';
import { LoadedQuery } from './text-search.js';
import type { SegmentView } from './text-snapshot.js';
import { queryTerms, tokenise, type Tokens } from './tokens.js';

const ROWS_A_SEGMENT = 5_000;
const SEGMENTS = 3;
const NEW_ROWS = 300;
/** Postings that a search has at once; more of a term are read when they are asked for. */
const LIGHT = 1_000;

let state = 9;
const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
/** Few words are everywhere, most are rare. */
const word = () => `w${Math.floor(3 * (Math.pow(1_500, random()) - 1))}`;

const rowTexts = new Map<number, string>();
for (let no = 1; no <= SEGMENTS * ROWS_A_SEGMENT + NEW_ROWS; no++) {
  const text = Array.from({ length: 5 + Math.floor(random() * 25) }, word).join(' ');
  rowTexts.set(no, no % 97 === 0 ? 'w40 w41 w1' : no % 2_000 === 7 ? 'w50 '.repeat(400) : text);
}
const rows = new Map<number, Tokens>([...rowTexts].map(([no, text]) => [no, tokenise(text)]));
const segments = await Promise.all(Array.from({ length: SEGMENTS }, (_, s) => segmentOf(1 + s * ROWS_A_SEGMENT, (s + 1) * ROWS_A_SEGMENT)));
const newRows = new Map([...rows].filter(([no]) => no > SEGMENTS * ROWS_A_SEGMENT));

async function segmentOf(firstNo: number, lastNo: number) {
  const builder = new SegmentBuilder(firstNo, lastNo);
  for (let no = firstNo; no <= lastNo; no++) builder.add({ no, text: rowTexts.get(no)! });
  const { terms, sizes, postings, lengths } = await builder.finish();
  let at = 0;
  const byTerm = new Map(terms.map((term, nth) => [term, postings.subarray(at, (at += sizes[nth]!))]));
  const view: SegmentView = { id: `${firstNo}`, version: 1, firstNo, lastNo, documents: builder.documents, tokens: builder.tokens };
  return { view, byTerm, lengths: readLengths(lengths, firstNo) };
}

function load(text: string): { query: LoadedQuery; read: Set<string> } {
  const terms = queryTerms(text);
  const read = new Set<string>();
  const known = segments.map(({ byTerm }) =>
    terms.map(({ term }): TermInSegment => {
      const postings = readPostings(byTerm.get(term) ?? Buffer.alloc(0));
      return { count: postings.count, postings: postings.count <= LIGHT ? postings : undefined };
    }),
  );
  const readMore = async (isChosen: (term: number) => boolean) => {
    for (const [s, { byTerm }] of segments.entries()) {
      for (const [at, { term }] of terms.entries()) {
        if (!isChosen(at) || known[s]![at]!.postings !== undefined) continue;
        read.add(term);
        const postings = readPostings(byTerm.get(term)!);
        known[s]![at] = { count: postings.count, postings };
      }
    }
  };
  const snapshot = { segments: segments.map(({ view }) => view), newRows, isIncomplete: false };
  return { query: new LoadedQuery(terms, snapshot, known, segments.map(({ lengths }) => lengths), readMore), read };
}

test.each([
  ['any row', undefined],
  ['rows of a filter', new Set([...rows.keys()].filter((no) => no % 7 === 0))],
])('the ten best are those of looking at every row: %s', async (_what, allowed) => {
  const gone = new Set([...rows.keys()].filter((no) => no % 11 === 0));
  let byRare = 0;
  let unread = 0;
  for (let nth = 0; nth < 40; nth++) {
    const common = Array.from({ length: nth % 9 }, (__, at) => `w${at}`);
    const text = [...common, ...Array.from({ length: 1 + (nth % 5) }, word), ...(nth % 6 === 0 ? ['w40', 'w41'] : []), ...(nth % 10 === 0 ? ['w50'] : [])].join(' ');
    const { query, read } = load(text);
    const exact = [...rows].filter(([no]) => !gone.has(no) && (allowed?.has(no) ?? true)).map(([no, tokens]) => ({ no, score: query.scoreOf(tokens) }));
    const expected = inOrder(exact.filter(({ score }) => score > 0)).slice(0, 10);
    const scoreOf = (no: number) => query.scoreOf(rows.get(no)!);
    const score = async (numbers: readonly number[]) =>
      numbers.filter((no) => !gone.has(no)).map((no) => ({ no, id: `${no}`, score: scoreOf(no) })).filter((row) => row.score > 0);
    const answer = await rankByRareTerms(query, 10, allowed, score, 3_000);
    if ('best' in answer) {
      byRare++;
      unread += queryTerms(text).filter(({ term }) => !read.has(term) && segments.some(({ byTerm }) => (byTerm.get(term)?.length ?? 0) > 3 * LIGHT)).length;
      expect(answer.best.map(({ no }) => no)).toEqual(expected.map(({ no }) => no));
      continue;
    }
    await query.read();
    const ranked = (await query.rank(3_000, allowed, answer.atLeast)).map(({ no }) => no).filter((no) => !gone.has(no));
    const best = inOrder(ranked.map((no) => ({ no, score: scoreOf(no) }))).slice(0, 10);
    expect(best.map(({ score }) => score)).toEqual(expected.map(({ score }) => score));
  }
  // Both ways are taken, and the one by rare terms leaves frequent ones unread.
  expect(byRare).toBeGreaterThan(5);
  expect(byRare).toBeLessThan(40);
  expect(unread).toBeGreaterThan(10);
});
