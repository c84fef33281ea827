import { expect, test } from '@jest/globals';
import { vectorFromText, vectorToBinary } from './vector.js';

test('the binary form is what pgvector receives: dimensions, a zero, big-endian float32', () => {
  expect(vectorToBinary(new Float32Array([1, -2.5])).toString('hex')).toBe('000200003f800000c0200000');
});

test('the text form reads back', () => {
  expect(vectorFromText('[1,-2.5]')).toEqual([1, -2.5]);
});
