import { describe, expect, it } from '@jest/globals';
import { expired, type Kept } from './retention.js';

const NOTHING = { last: 0, daily: 0, weekly: 0, monthly: 0 };
const at = (dataOf: string, more: Partial<Kept> = {}): Kept => ({ name: dataOf, schema: null, database: 'nagaya', dataOf: `${dataOf}:00.000Z`, proven: false, ...more });
const kept = (backups: Kept[], keep: Partial<typeof NOTHING>): string[] => {
  const gone = expired(backups, { ...NOTHING, ...keep });
  return backups.filter((backup) => !gone.includes(backup)).map((backup) => backup.name);
};

describe('expired', () => {
  const hourly = ['2026-11-24T22:00', '2026-11-24T23:00', '2026-11-25T00:00', '2026-11-25T01:00'].map((time) => at(time));

  it('keeps the last ones, and never less than one', () => {
    expect(kept(hourly, { last: 2 })).toEqual(['2026-11-25T00:00', '2026-11-25T01:00']);
    expect(kept(hourly, {})).toEqual(['2026-11-25T01:00']);
  });

  it('keeps the newest of each day, week and month that has one', () => {
    expect(kept(hourly, { daily: 7 })).toEqual(['2026-11-24T23:00', '2026-11-25T01:00']);
    const sundays = ['2026-11-21T02:00', '2026-11-22T02:00', '2026-11-23T02:00', '2026-11-24T02:00'].map((time) => at(time));
    expect(kept(sundays, { weekly: 2 })).toEqual(['2026-11-22T02:00', '2026-11-24T02:00']);
    const gap = ['2026-01-31T02:00', '2026-02-01T02:00', '2026-05-03T02:00'].map((time) => at(time));
    expect(kept(gap, { monthly: 2 })).toEqual(['2026-02-01T02:00', '2026-05-03T02:00']);
  });

  it('keeps the newest one that is proven, however old', () => {
    expect(kept([at('2026-01-01T00:00', { proven: true }), at('2026-02-01T00:00', { proven: true }), ...hourly], { last: 1 })).toEqual(['2026-02-01T00:00', '2026-11-25T01:00']);
  });

  it('looks at each database by itself: a newer backup of one keeps nothing of the other', () => {
    expect(kept([at('2026-01-01T00:00', { database: 'nagaya_before' }), at('2026-01-02T00:00', { database: 'nagaya_before' }), ...hourly], { last: 1 })).toEqual(['2026-01-02T00:00', '2026-11-25T01:00']);
  });

  it('looks at each schema by itself', () => {
    expect(kept([at('2026-01-01T00:00', { schema: 'tea_house' }), at('2026-01-02T00:00', { schema: 'core' }), ...hourly], { last: 1 })).toEqual([
      '2026-01-01T00:00', '2026-01-02T00:00', '2026-11-25T01:00',
    ]);
  });
});
