import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hashApiKey, isWellFormed, newApiKey, shownPrefix } from './api-key-format.js';

test.each([
  ['operator', /^ngy_op_[0-9A-Za-z]{49}$/],
  ['product', /^ngy_pk_[0-9A-Za-z]{49}$/],
] as const)('a key of an %s says what it opens, and its checksum is right', (kind, shape) => {
  const keys = Array.from({ length: 200 }, () => newApiKey(kind));
  for (const key of keys) {
    expect(key).toMatch(shape);
    expect(isWellFormed(key)).toBe(true);
  }
  expect(new Set(keys).size).toBe(200);
});

test('one changed character is noticed without asking the database', () => {
  const key = newApiKey('product');
  fc.assert(
    fc.property(fc.integer({ min: 7, max: key.length - 1 }), fc.constantFrom(...'abcXYZ059'), (at, character) => {
      fc.pre(key[at] !== character);
      expect(isWellFormed(key.slice(0, at) + character + key.slice(at + 1))).toBe(false);
    }),
  );
});

test.each(['', 'ngy_pk_', 'ngy_xx_' + 'a'.repeat(49), `${newApiKey('product')}\n`, newApiKey('operator').slice(1)])('%j is no key', (text) => {
  expect(isWellFormed(text)).toBe(false);
});

test('what is kept and shown gives no key away', () => {
  const key = newApiKey('product');
  expect(hashApiKey(key)).toHaveLength(32);
  expect(shownPrefix(key)).toHaveLength(12);
});
