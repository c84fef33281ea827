import { seededRandom } from '../seeded-random.js';

export interface MetricPoint {
  readonly metricType: 'response_latency' | 'tokens_used' | 'suggestion_accepted';
  readonly metricValue: number;
  readonly metricUnit: string;
  readonly timestamp: string;
  readonly metadata: Readonly<Record<string, string>>;
}

/** How long the played day is; it ends at the moment of playing. */
export const DAY_HOURS = 9;
const MINUTES = DAY_HOURS * 60;
const MINUTE_MS = 60_000;
const SEED = 20_141;

// Requests a minute over the day: a slow start, a lunch break in the fourth hour, the rush of the afternoon.
const RATE_BY_HOUR = [1.2, 2.4, 3.1, 0.9, 2.6, 3.2, 2.8, 2.7, 2.1] as const;

// The model that events.ts rolls out 3.5 hours before the end and rolls back 2.6 hours before it: slower, and liked less.
const SLOW_FROM = MINUTES - 3.5 * 60;
const SLOW_UNTIL = MINUTES - 2.6 * 60;

/**
 * Each request of the day leaves three points: latency in milliseconds, tokens, and 1 or 0 for a suggestion taken or not.
 * Values and spacing are the same in every run; only `end` moves them.
 */
export function metricsOfTheDay(end: Date): MetricPoint[] {
  const random = seededRandom(SEED);
  const start = end.getTime() - MINUTES * MINUTE_MS;
  const points: MetricPoint[] = [];
  for (let minute = exponential(random.uniform(), 0); minute < MINUTES; minute += exponential(random.uniform(), minute)) {
    const slow = minute >= SLOW_FROM && minute < SLOW_UNTIL;
    const tokens = Math.round(Math.exp(6.6 + 0.7 * random.normal()));
    const latency = (180 + tokens * 0.9) * Math.exp(0.35 * random.normal()) * (slow ? 2.8 : 1);
    const accepted = random.uniform() < (slow ? 0.31 : 0.58);
    const timestamp = new Date(start + minute * MINUTE_MS).toISOString();
    const metadata = {
      worker: random.uniform() < 0.6 ? 'assistant-1' : 'assistant-2',
      language: random.uniform() < 0.5 ? 'ja' : 'en',
    };
    points.push(
      { metricType: 'response_latency', metricValue: Math.round(latency * 10) / 10, metricUnit: 'ms', timestamp, metadata },
      { metricType: 'tokens_used', metricValue: tokens, metricUnit: 'tokens', timestamp, metadata },
      { metricType: 'suggestion_accepted', metricValue: accepted ? 1 : 0, metricUnit: 'ratio', timestamp, metadata },
    );
  }
  return points;
}

/** Minutes until the next request, at the rate of the hour that `minute` is in. */
function exponential(uniform: number, minute: number): number {
  const rate = RATE_BY_HOUR[Math.floor(minute / 60)] ?? 1;
  return -Math.log(1 - uniform) / rate;
}
