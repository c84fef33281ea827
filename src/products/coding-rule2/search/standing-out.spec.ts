import { expect, test } from '@jest/globals';
import { standOut } from './standing-out.js';

/** Scores that fall as those of rows which chance brought: the kth best at `a − b ln k`. */
const chance = (a: number, b: number) => Array.from({ length: 100 }, (_, at) => a - b * Math.log(at + 0.5));

test.each([[0.8, 0.03], [25, 4], [-3, 1e-4]])('at any scale of scores: %d and %d', (a, b) => {
  const nats = standOut(chance(a, b))!;
  expect(nats(a)).toBeCloseTo(0);
  expect(nats(a + 5 * b)).toBeCloseTo(5);
  expect(nats(a - b * Math.log(10))).toBeCloseTo(-Math.log(10));
});

test('a few rows in front do not change what is looked on as chance', () => {
  const scores = [40, 39, ...chance(25, 4).slice(2)];
  expect(standOut(scores)!(40)).toBeCloseTo((40 - 25) / 4);
});

test('rows that all score alike say nothing of each other, and too few say nothing at all', () => {
  const nats = standOut(Array.from({ length: 50 }, () => 0.5))!;
  expect(nats(0.5)).toBeLessThan(-3);
  expect(nats(0.6)).toBeGreaterThan(3);
  expect(standOut([3, 2, 1])).toBeUndefined();
});
