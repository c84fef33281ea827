import { describe, expect, it } from '@jest/globals';
import { readable } from './readable.js';

describe('a readable figure', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [999_960, '1.0 MB'],
    [10_000_000, '10.0 MB'],
    [12_345_678_901, '12.3 GB'],
    [-2_500, '-2.5 kB'],
  ])('%d bytes is %s', (bytes, text) => {
    expect(readable(bytes, 'bytes')).toBe(text);
  });

  it.each([
    [0.05, '50 ms'],
    [90, '90 s'],
    [300, '5 min'],
    [7_200, '2 h'],
    [604_800, '7 days'],
  ])('%d seconds is %s', (seconds, text) => {
    expect(readable(seconds, 'seconds')).toBe(text);
  });

  it('counts with commas', () => {
    expect(readable(1_234_567, 'rows')).toBe('1,234,567');
    expect(readable(79.6, 'percent')).toBe('80 %');
  });
});
