import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { HeavyWork, type Clock } from './heavy-work.js';
import { runInUnit } from './unit-of-work.js';

// What still waits when a test is over must not time out in the midst of another one.
beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['setImmediate'] });
});
afterEach(() => {
  jest.useRealTimers();
});

/** Time that stands still unless it is told to pass. */
class TestClock implements Clock {
  private time = 0;
  private steps: { at: number; step: () => void }[] = [];

  now(): number {
    return this.time;
  }

  later(ms: number, step: () => void): void {
    this.steps.push({ at: this.time + ms, step });
  }

  pass(ms: number): void {
    this.time += ms;
    const due = this.steps.filter(({ at }) => at <= this.time);
    this.steps = this.steps.filter(({ at }) => at > this.time);
    for (const { step } of due) step();
  }
}

/** Work that is under way until it is told to end; `a` is beside others, or not. */
function newWork(besideOthers: number) {
  const state = { isContended: true };
  const clock = new TestClock();
  const heavy = new HeavyWork(besideOthers, () => state.isContended, clock);
  const ends: (() => void)[] = [];
  let atWork = 0;
  const begin = (product = 'a'): Promise<void> =>
    heavy.run(product, async () => {
      atWork++;
      await new Promise<void>((end) => ends.push(end));
      atWork--;
    });
  const endOne = async (): Promise<void> => {
    ends.shift()?.();
    await nextTurn();
  };
  return { state, clock, heavy, begin, endOne, atWork: () => atWork };
}

describe('heavy work', () => {
  test('says what is at work and what waits', async () => {
    const { heavy, begin, endOne, clock } = newWork(2);
    for (let n = 0; n < 5; n++) void begin();
    await nextTurn();
    expect(heavy.stateOf('a')).toEqual({ active: 2, waiting: 3 });
    expect(heavy.stateOf('b')).toEqual({ active: 0, waiting: 0 });
    clock.pass(10);
    await endOne();
    // It rests, and keeps its place for so long.
    expect(heavy.stateOf('a')).toEqual({ active: 2, waiting: 3 });
    clock.pass(10);
    await nextTurn();
    expect(heavy.stateOf('a')).toEqual({ active: 2, waiting: 2 });
  });

  test('of who is alone runs at once, all of it', async () => {
    const { state, begin, atWork } = newWork(2);
    state.isContended = false;
    for (let n = 0; n < 20; n++) void begin();
    await nextTurn();
    expect(atWork()).toBe(20);
  });

  test('beside others runs a few at a time, in the order of asking, and all of it in the end', async () => {
    const { heavy } = newWork(2);
    const order: number[] = [];
    let most = 0;
    let now = 0;
    const work = (n: number) => async (): Promise<void> => {
      order.push(n);
      most = Math.max(most, ++now);
      await nextTurn();
      now--;
    };
    await Promise.all(Array.from({ length: 30 }, (_, n) => heavy.run('a', work(n))));
    expect(most).toBe(2);
    expect(order).toEqual(Array.from({ length: 30 }, (_, n) => n));
  });

  test('of one product does not stand before that of another', async () => {
    const { begin, atWork } = newWork(1);
    for (let n = 0; n < 10; n++) void begin('a');
    await nextTurn();
    void begin('b');
    await nextTurn();
    expect(atWork()).toBe(2);
  });

  test('what began alone ends, and only then the few are counted; who waits begins when the others have left', async () => {
    const { state, begin, endOne, atWork } = newWork(1);
    state.isContended = false;
    for (let n = 0; n < 3; n++) void begin();
    await nextTurn();
    state.isContended = true;
    for (let n = 0; n < 5; n++) void begin();
    await nextTurn();
    expect(atWork()).toBe(3);
    await endOne();
    expect(atWork()).toBe(2);
    await endOne();
    await endOne();
    expect(atWork()).toBe(1);
    state.isContended = false;
    await endOne();
    expect(atWork()).toBe(4);
  });

  test('beside others leaves a gap as long as it took, but none of more than 100 ms, and none where it is alone', async () => {
    const { state, clock, begin, endOne, atWork } = newWork(1);
    for (let n = 0; n < 4; n++) void begin();
    const beginsAfter = async (tookMs: number): Promise<number> => {
      clock.pass(tookMs);
      await endOne();
      for (let gap = 0; ; gap++) {
        if (atWork() > 0) return gap;
        clock.pass(1);
        await nextTurn();
      }
    };
    await nextTurn();
    expect(await beginsAfter(7)).toBe(7);
    expect(await beginsAfter(5_000)).toBe(100);
    state.isContended = false;
    expect(await beginsAfter(7)).toBe(0);
  });

  test('that fails gives its place to the next', async () => {
    const { heavy } = newWork(1);
    const failing = heavy.run('a', () => Promise.reject(new Error('broken')));
    await expect(failing).rejects.toThrow('broken');
    expect(await heavy.run('a', () => Promise.resolve('done'))).toBe('done');
  });

  test('that finds no place in time is told to come again, and so is what comes when the line is full', async () => {
    const { begin, endOne, atWork } = newWork(1);
    void begin();
    const waiting = Array.from({ length: 1_000 }, () => begin());
    const refusal = expect.objectContaining({ code: 'unavailable', retryAfter: 1 });
    await expect(begin()).rejects.toEqual(refusal);
    const refused = Promise.all(waiting.map((each) => expect(each).rejects.toEqual(refusal)));
    jest.advanceTimersByTime(5_000);
    await refused;
    await endOne();
    expect(atWork()).toBe(0);
    void begin();
    await nextTurn();
    expect(atWork()).toBe(1);
  });

  test('in a transaction does not wait: those before it may need the connection that it holds', async () => {
    const { heavy, begin } = newWork(1);
    void begin();
    await nextTurn();
    const inUnit = runInUnit({ role: 'a', tx: {} as never }, () => heavy.run('a', () => Promise.resolve('done')));
    expect(await inUnit).toBe('done');
  });
});
