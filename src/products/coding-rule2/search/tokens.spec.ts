import { expect, test } from '@jest/globals';
import { queryTerms, tokenise } from './tokens.js';

/** Without the marks of where runs end. */
const tokens = (text: string) => [...tokenise(text).counts.keys()].filter((term) => term[0] !== '\u0001');

test.each([
  ['Rename the INVOICE_table, twice!', ['rename', 'the', 'invoice', 'table', 'twice']],
  ['ＡＰＩの１つ', ['api', 'の', '1', 'つ']],
  ['請求書テーブル', ['請求', '求書', '書テ', 'テー', 'ーブ', 'ブル']],
  ['한국어 검색', ['한국', '국어', '검색']],
  ['ค้นหา', ['ค้', '้น', 'นห', 'หา']],
  ['naïve café', ['naïve', 'café']],
  ['… ?! 👍', []],
])('%s', (text, expected) => {
  expect(tokens(text)).toEqual(expected);
});

test('the length counts tokens, repeated ones too', () => {
  expect(tokenise('go go 東京都').length).toBe(4);
});

test('a query of one character asks for everything that begins with it', () => {
  expect(queryTerms('車')).toEqual([{ term: '\u0001車', startsWith: '車', times: 1 }]);
  expect(queryTerms('the the cat').map(({ term, times }) => [term, times])).toEqual([['the', 2], ['cat', 1]]);
});

test('pairs of characters are what they are however many others were met, and a pair beyond the basic plane too', () => {
  const characters = Array.from({ length: 400 }, (_, n) => String.fromCodePoint(0x4e00 + 17 * n));
  for (const first of characters) {
    const run = characters.map((second) => first + second).join('');
    const expected = new Set(Array.from({ length: run.length - 1 }, (_, at) => run.slice(at, at + 2)));
    expect(new Set(tokens(run))).toEqual(expected);
  }
  expect(tokens('𠮷野家')).toEqual(['𠮷野', '野家']);
});
