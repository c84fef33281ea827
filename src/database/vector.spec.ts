import { expect, test } from '@jest/globals';
import { vectorFromText, vectorToBinary } from './vector.js';

test('the binary form is what pgvector receives: dimensions, a zero, big-endian float32', () => {
  expect(vectorToBinary(new Float32Array([1, -2.5])).toString('hex')).toBe('000200003f800000c0200000');
});

test('the text form reads back', () => {
  expect(vectorFromText('[1,-2.5]')).toEqual([1, -2.5]);
});

test('also of many elements, and of those that stand in the middle of something larger', () => {
  const numbers = Float32Array.from({ length: 1_537 }, (_, at) => Math.sin(at) * 1e3);
  const binary = vectorToBinary(numbers.subarray(1));
  expect(binary.readUInt16BE(0)).toBe(1_536);
  expect(Array.from({ length: 1_536 }, (_, at) => binary.readFloatBE(4 + 4 * at))).toEqual([...numbers.subarray(1)]);
});
