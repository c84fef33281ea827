import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { SessionQueue, type Claimant } from './session-queue.js';

describe('SessionQueue', () => {
  let busyMs = 0;
  let events: string[] = [];
  const claimant = (name: string): Claimant => ({
    granted: () => events.push(`${name} granted`),
    expired: (seconds) => events.push(`${name} expired after ${seconds} s`),
    overstayed: () => events.push(`${name} overstayed`),
  });
  const newQueue = () => new SessionQueue({ waitingMs: 30_000, idleInTransactionMs: 60_000 }, () => busyMs);

  beforeEach(() => {
    busyMs = 0;
    events = [];
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  it('gives the session in the order of asking, and lets the sockets have a turn in between', () => {
    const queue = newQueue();
    const [a, b, c] = [claimant('a'), claimant('b'), claimant('c')];
    queue.claim(a);
    queue.claim(b);
    queue.claim(c);
    queue.release(a);
    expect(events).toEqual(['a granted']);
    jest.advanceTimersByTime(1);
    queue.release(b);
    jest.advanceTimersByTime(1);
    expect(events).toEqual(['a granted', 'b granted', 'c granted']);
  });

  it('does not let a newcomer slip in before who waits', () => {
    const queue = newQueue();
    const [a, b] = [claimant('a'), claimant('b')];
    queue.claim(a);
    queue.claim(b);
    queue.release(a);
    queue.claim(a);
    jest.advanceTimersByTime(1);
    expect(events).toEqual(['a granted', 'b granted']);
  });

  it('ends a wait behind an idle transaction, but not one behind work', () => {
    const queue = newQueue();
    queue.claim(claimant('holder'));
    queue.claim(claimant('waiter'));
    jest.advanceTimersByTime(25_000);
    busyMs = 20_000;
    jest.advanceTimersByTime(24_000);
    expect(events).toEqual(['holder granted']);
    jest.advanceTimersByTime(2_000);
    expect(events).toEqual(['holder granted', 'waiter expired after 30 s']);
  });

  it('complains of a holder only while somebody waits', () => {
    const queue = newQueue();
    queue.claim(claimant('holder'));
    jest.advanceTimersByTime(100_000);
    expect(events).toEqual(['holder granted']);
    queue.claim(claimant('waiter'));
    jest.advanceTimersByTime(1_000);
    expect(events).toEqual(['holder granted', 'holder overstayed']);
  });

  it('forgets who leaves', () => {
    const queue = newQueue();
    const [a, b] = [claimant('a'), claimant('b')];
    queue.claim(a);
    queue.claim(b);
    expect(queue.withdraw(b)).toBe('waiting');
    expect(queue.withdraw(a)).toBe('holder');
    queue.release(a);
    jest.advanceTimersByTime(1);
    expect(events).toEqual(['a granted']);
    expect(queue.isFree).toBe(true);
  });
});
