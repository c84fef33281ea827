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
