import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quoteIdent, quoteLiteral } from './quote-ident.js';

/** A small reader of PostgreSQL's quoting, to read back what was quoted. */
function unquote(sql: string, quote: string): { value: string; rest: string } {
  let value = '';
  for (let at = 1; at < sql.length; at++) {
    if (sql[at] !== quote) value += sql[at];
    else if (sql[at + 1] === quote) value += sql[at++];
    else return { value, rest: sql.slice(at + 1) };
  }
  throw new Error('not closed');
}

describe('quoteIdent', () => {
  test('any name reads back as itself and nothing is left over', () => {
    const names = fc.string({ minLength: 1, maxLength: 20 }).filter((name) => !name.includes('\0') && Buffer.byteLength(name) <= 63);
    fc.assert(fc.property(names, (name) => expect(unquote(quoteIdent(name), '"')).toEqual({ value: name, rest: '' })));
  });

  test.each(['', 'a\0b', 'x'.repeat(64), 'あ'.repeat(22)])('refuses what PostgreSQL would cut or not take: %j', (name) => {
    expect(() => quoteIdent(name)).toThrow(RangeError);
  });
});

describe('quoteLiteral', () => {
  test('text without a backslash reads back as itself', () => {
    const texts = fc.string().filter((text) => !/[\0\\]/.test(text));
    fc.assert(fc.property(texts, (text) => expect(unquote(quoteLiteral(text), "'")).toEqual({ value: text, rest: '' })));
  });

  test('a backslash switches to the escaping form, whatever standard_conforming_strings says', () => {
    expect(quoteLiteral("a\\'b")).toBe(" E'a\\\\''b'");
  });

  test('refuses NUL', () => {
    expect(() => quoteLiteral('a\0b')).toThrow(RangeError);
  });
});
