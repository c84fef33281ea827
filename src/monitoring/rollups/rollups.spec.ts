import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { percentileOf, valueOfKey } from './sketch.js';
import { HOUR_MS, planSummary, type TimeRange } from './time-ranges.js';

const DAY_MS = 24 * HOUR_MS;

/** What the SQL does, in JavaScript. */
function keyOf(value: number): number {
  const gamma = Math.log(1.005 / 0.995);
  return value === 0 ? 0 : Math.sign(value) * (Math.ceil(Math.log(Math.abs(value)) / gamma) + 100_000);
}

describe('a sketch', () => {
  it('takes every value for one within half a percent of it', () => {
    fc.assert(fc.property(fc.double({ min: -1e100, max: 1e100, noNaN: true }), (value) => {
      fc.pre(Math.abs(value) > 1e-300);
      expect(Math.abs(valueOfKey(keyOf(value)) - value)).toBeLessThanOrEqual(0.00501 * Math.abs(value));
    }));
    expect(valueOfKey(keyOf(0))).toBe(0);
  });

  it('gives percentiles within half a percent of the exact ones', () => {
    fc.assert(fc.property(fc.array(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { minLength: 1, maxLength: 200 }), fc.constantFrom(0.5, 0.95, 0.99), (values, share) => {
      const sorted = values.toSorted((a, b) => a - b);
      const keys = [...new Set(sorted.map(keyOf))];
      const counts = keys.map((key) => sorted.filter((value) => keyOf(value) === key).length);
      const place = share * (sorted.length - 1);
      const [low = 0, high = 0] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]];
      const exact = low + (high - low) * (place - Math.floor(place));
      const sketched = percentileOf({ keys, counts, min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0 }, share);
      expect(Math.abs(sketched - exact)).toBeLessThanOrEqual(0.00501 * exact);
    }));
  });
});

describe('the plan of a summary', () => {
  it('covers every moment of the range once, whatever hours are rolled up', () => {
    const hour = fc.integer({ min: -5, max: 80 });
    fc.assert(fc.property(fc.integer({ min: 0, max: 50 * HOUR_MS }), fc.integer({ min: 1, max: 60 * HOUR_MS }), fc.uniqueArray(hour), fc.constantFrom(HOUR_MS, DAY_MS), (from, length, hours, bucketMs) => {
      const range = { from, to: from + length };
      const plan = planSummary(range, bucketMs, hours.map((each) => each * HOUR_MS));
      const parts: TimeRange[] = [...plan.rolled.map((start) => ({ from: start, to: start + HOUR_MS })), ...plan.exact, ...plan.merged].sort((a, b) => a.from - b.from);
      expect([parts[0]?.from, ...parts.map((part) => part.to)]).toEqual([...parts.map((part) => part.from), range.to]);
      // What is exact shares no bucket with a rolled hour.
      const rolledBuckets = new Set(plan.rolled.map((start) => Math.floor(start / bucketMs)));
      for (const { from: start, to } of plan.exact) {
        for (let at = start; at < to; at += HOUR_MS) expect(rolledBuckets.has(Math.floor(at / bucketMs))).toBe(false);
      }
    }));
  });
});
