import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { textProblem } from './text.js';

describe('textProblem', () => {
  it('takes any well-formed text without NUL up to its length in code points, if it shows', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1, maxLength: 60 }), (text) => {
        const points = [...text].length;
        const storable = !text.includes('\0');
        const visible = [...text].some((character) => character.trim() !== '' && !/[\p{Cc}\p{Cf}]/u.test(character));
        expect(textProblem(text, { max: 50 }) === undefined).toBe(points <= 50 && storable && visible);
      }),
    );
  });

  it('counts characters as PostgreSQL counts them', () => {
    expect(textProblem('😀'.repeat(50), { max: 50 })).toBeUndefined();
    expect(textProblem('😀'.repeat(51), { max: 50 })).toBe('must be at most 50 characters long; it has 51');
    expect(textProblem('😀', { max: 9, min: 2 })).toBe('must be at least 2 characters long; it has 1');
    expect(textProblem('a'.repeat(2), { max: 1 })).toBe('must be at most 1 character long; it has 2');
  });

  it.each([' ', '\t\n', '\u3000\u00a0', '\u200b\u2060', '\ufeff', ' \u00ad '])('takes %j for no name, but for something that may be said', (blank) => {
    expect(textProblem(blank, { max: 100 })).toBe('must not consist of blanks only');
    expect(textProblem(blank, { max: 100, min: 0 })).toBeUndefined();
    expect(textProblem(blank, { max: 100, mayBeBlank: true })).toBeUndefined();
    expect(textProblem(blank, { max: 101 })).toBeUndefined();
    expect(textProblem(`${blank}a`, { max: 100 })).toBeUndefined();
  });

  it('says what is wrong', () => {
    expect(textProblem(5, { max: 9 })).toBe('must be text (a JSON string)');
    expect(textProblem('', { max: 9 })).toBe('must not be empty');
    expect(textProblem('', { max: 9, min: 0 })).toBeUndefined();
    expect(textProblem('a\0', { max: 9 })).toBe('must not contain the character NUL (U+0000); there is one at position 1');
    expect(textProblem('ab\ud800', { max: 9 })).toBe('must be well-formed Unicode; there is a lone surrogate at position 2');
    expect(textProblem('\udc00\ud800', { max: 9 })).toBe('must be well-formed Unicode; there is a lone surrogate at position 0');
    expect(textProblem('A', { max: 9, pattern: { matches: /^[a-z]+$/, means: 'lower-case letters' } })).toBe('must be lower-case letters');
  });
});
