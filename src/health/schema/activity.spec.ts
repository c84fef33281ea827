import { describe, expect, it } from '@jest/globals';
import { lastActivityOf } from './activity.js';

const EARLIER = new Date('2026-11-24T09:00:00Z');
const NOW = new Date('2026-11-24T09:05:00Z');
const before = (counters: Record<string, number>, exactRecords: number | null = null) => ({ counters, lastActivity: EARLIER, exactRecords });
const seen = (writes: Record<string, number>, exactRecords: number | null = null) => ({ writes, exactRecords });

describe('the last activity', () => {
  it('is this look where a counter has grown, and the one before where none has', () => {
    expect(lastActivityOf(before({ a: 5, b: 7 }), seen({ a: 5, b: 8 }), NOW)).toEqual(NOW);
    expect(lastActivityOf(before({ a: 5, b: 7 }), seen({ a: 5, b: 7 }), NOW)).toEqual(EARLIER);
  });

  it('survives counters that begin again at zero', () => {
    expect(lastActivityOf(before({ a: 5 }), seen({}), NOW)).toEqual(EARLIER);
    expect(lastActivityOf(before({ a: 5 }), seen({ a: 2 }), NOW)).toEqual(NOW);
  });

  it('sees a new table that was written, and not one that was dropped', () => {
    expect(lastActivityOf(before({ a: 5 }), seen({ a: 5, b: 1 }), NOW)).toEqual(NOW);
    expect(lastActivityOf(before({ a: 5, b: 9 }), seen({ a: 5 }), NOW)).toEqual(EARLIER);
  });

  it('sees rows that no backend has reported yet, by counting', () => {
    expect(lastActivityOf(before({}, 10), seen({}, 11), NOW)).toEqual(NOW);
    expect(lastActivityOf(before({}, 10), seen({}, 10), NOW)).toEqual(EARLIER);
    expect(lastActivityOf(before({}, null), seen({}, 10), NOW)).toEqual(EARLIER);
  });

  it('is at the first look that look itself where anything was ever written, and none where nothing was', () => {
    expect(lastActivityOf(undefined, seen({ a: 1 }), NOW)).toEqual(NOW);
    expect(lastActivityOf(undefined, seen({}, 3), NOW)).toEqual(NOW);
    expect(lastActivityOf(undefined, seen({}, 0), NOW)).toBeNull();
    expect(lastActivityOf(undefined, seen({}), NOW)).toBeNull();
  });
});
