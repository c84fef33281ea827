import { describe, expect, it } from '@jest/globals';

import { DAY_HOURS, metricsOfTheDay } from './metrics.js';
import type { MetricPoint } from './metrics.js';

const END = new Date('2026-03-02T17:00:00Z');
const HOUR_MS = 3_600_000;

/** Of the points between so many hours before the end of the day. */
function meanLatency(points: readonly MetricPoint[], from: number, until: number): number {
  const values = points
    .filter((point) => point.metricType === 'response_latency')
    .filter((point) => Date.parse(point.timestamp) >= END.getTime() - from * HOUR_MS && Date.parse(point.timestamp) < END.getTime() - until * HOUR_MS)
    .map((point) => point.metricValue);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

describe('metricsOfTheDay', () => {
  const points = metricsOfTheDay(END);

  it('is the same day every time', () => {
    expect(metricsOfTheDay(END)).toEqual(points);
    expect(metricsOfTheDay(new Date(END.getTime() + 60_000)).map((point) => point.metricValue)).toEqual(points.map((point) => point.metricValue));
  });

  it('has a few thousand points, in order, within the day', () => {
    expect(points.length).toBeGreaterThan(2_000);
    expect(points.length).toBeLessThan(6_000);
    const times = points.map((point) => Date.parse(point.timestamp));
    expect(times).toEqual([...times].toSorted((left, right) => left - right));
    expect(times[0]).toBeGreaterThanOrEqual(END.getTime() - DAY_HOURS * HOUR_MS);
    expect(times.at(-1)).toBeLessThan(END.getTime());
  });

  it('has values that can be stored and believed', () => {
    for (const { metricType, metricValue, metricUnit } of points) {
      expect(Number.isFinite(metricValue)).toBe(true);
      expect(metricValue).toBeGreaterThanOrEqual(0);
      expect(metricType.length).toBeLessThanOrEqual(50);
      expect(metricUnit.length).toBeLessThanOrEqual(20);
      expect(metricType === 'suggestion_accepted' ? [0, 1] : [metricValue]).toContain(metricValue);
    }
  });

  it('shows the slow model that the events tell of', () => {
    expect(meanLatency(points, 3.5, 2.6)).toBeGreaterThan(2 * meanLatency(points, 5, 3.5));
    expect(meanLatency(points, 2.6, 0)).toBeLessThan(1.3 * meanLatency(points, 5, 3.5));
  });
});
