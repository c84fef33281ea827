import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { readEmbedding } from './embedding.js';
import { Refusal } from './field.js';

function base64(values: readonly number[]): string {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => bytes.writeFloatLE(value, i * 4));
  return bytes.toString('base64');
}

function problem(value: unknown, dimensions: number): unknown {
  const read = readEmbedding(value, dimensions);
  return read instanceof Refusal ? read.problems[0] : 'accepted';
}

const float32 = fc.float({ noDefaultInfinity: true, noNaN: true, min: -1000, max: 1000 }).filter((x) => Math.abs(x) > 1e-10);

describe('readEmbedding', () => {
  it('reads numbers and base64 of the same numbers alike, padded or not', () => {
    fc.assert(
      fc.property(fc.array(float32, { minLength: 1, maxLength: 64 }), (values) => {
        const expected = Float32Array.from(values);
        const text = base64(values);
        expect(readEmbedding(values, values.length)).toEqual(expected);
        expect(readEmbedding(text, values.length)).toEqual(expected);
        expect(readEmbedding(text.replace(/=+$/, ''), values.length)).toEqual(expected);
      }),
    );
  });

  it('takes no text that is not base64 of exactly as many bytes', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 24 }), (text) => {
        const isBase64 = /^[A-Za-z0-9+/]+={0,2}$/.test(text) && Buffer.from(text, 'base64').length === 12;
        if (!isBase64) expect(readEmbedding(text, 3)).toBeInstanceOf(Refusal);
      }),
    );
  });

  const wrongSize = { pointer: '', detail: expect.stringContaining('must be base64 of exactly 12 bytes (3 little-endian float32)') };
  const wrongAlphabet = { pointer: '', detail: expect.stringContaining('must be base64 in the standard alphabet') };
  it.each<[string, unknown, unknown]>([
    ['too few numbers', [1, 2], { pointer: '', detail: 'must have exactly 3 numbers; it has 2' }],
    ['a text among numbers', [1, '2', 3], { pointer: '/1', detail: 'must be a finite number' }],
    ['null among numbers', [1, 2, null], { pointer: '/2', detail: 'must be a finite number' }],
    ['more than a float32 holds', [1, 2, 1e39], { pointer: '/2', detail: 'must be a finite number within the range of float32' }],
    ['zeros', [0, -0, 0], { pointer: '', detail: 'must not be all zeros: a zero vector has no direction to compare' }],
    ['what float32 rounds to zeros', [1e-50, 0, 0], { pointer: '', detail: 'must not be all zeros: a zero vector has no direction to compare' }],
    ['a length whose square vanishes', [1e-30, 0, 0], { pointer: '', detail: expect.stringContaining('must have a length') }],
    ['a length whose square overflows', [1e30, 0, 0], { pointer: '', detail: expect.stringContaining('must have a length') }],
    ['NaN in base64', base64([1, NaN, 3]), { pointer: '/1', detail: 'must be a finite number within the range of float32' }],
    ['infinity in base64', base64([1, 2, -Infinity]), { pointer: '/2', detail: 'must be a finite number within the range of float32' }],
    ['zeros in base64', base64([0, 0, 0]), { pointer: '', detail: 'must not be all zeros: a zero vector has no direction to compare' }],
    ['too many bytes', base64([1, 2, 3, 4]), wrongSize],
    ['no text at all', '', wrongSize],
    ['the URL alphabet', base64([1, 2, 3]).replace('A', '_'), wrongAlphabet],
    ['a line break', base64([1, 2, 3]).replace('A', '\n'), wrongAlphabet],
    ['padding in the middle', 'AAAA=AAAAAAAAAAA', wrongAlphabet],
    ['an object', {}, { pointer: '', detail: 'must be a list of 3 numbers, or base64 of 3 little-endian float32' }],
  ])('refuses %s', (_what, value, expected) => expect(problem(value, 3)).toEqual(expected));

  it('refuses padding that does not fit', () => {
    expect(problem(`${base64([1])}=`, 1)).toEqual({ pointer: '', detail: expect.stringContaining('must be base64') });
    expect(problem(base64([1]).slice(0, -1), 1)).toEqual({ pointer: '', detail: expect.stringContaining('must be base64') });
  });
});
