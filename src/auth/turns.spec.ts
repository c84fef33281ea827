import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Turns, type Clock } from './turns.js';

/** Who began, in order. */
function newTurns() {
  const turns = new Turns();
  const begun: string[] = [];
  return { begun, enter: (holder: string, count = 1) => Array.from({ length: count }, () => turns.enter(holder, () => begun.push(holder))) };
}

describe('turns', () => {
  test('who is alone and asks for little begins at once', () => {
    const { begun, enter } = newTurns();
    enter('one');
    enter('other');
    expect(begun).toEqual(['one', 'other']);
  });

  test('one of a neighbour, behind hundreds of a flood, does not wait for them', async () => {
    const { begun, enter } = newTurns();
    enter('flood', 500);
    enter('neighbour');
    expect(begun.indexOf('neighbour')).toBe(2);
    enter('flood', 100);
    await nextTurn();
    enter('neighbour');
    // Those of one turn more, and no others.
    expect(begun.lastIndexOf('neighbour')).toBeLessThanOrEqual(6);
  });

  test('two floods get as many turns each, and both all they asked for, in the order of asking', async () => {
    const turns = new Turns();
    const begun: [string, number][] = [];
    for (let number = 0; number < 50; number++) for (const holder of ['a', 'b']) turns.enter(holder, () => begun.push([holder, number]));
    while (begun.length < 100) await nextTurn();
    for (let at = 10; at <= 100; at += 10) {
      const ofA = begun.slice(0, at).filter(([holder]) => holder === 'a').length;
      expect(Math.abs(ofA - at / 2)).toBeLessThanOrEqual(1);
    }
    for (const holder of ['a', 'b']) expect(begun.filter(([name]) => name === holder).map(([, number]) => number)).toEqual(Array.from({ length: 50 }, (_, number) => number));
  });

  test('a line that is full is told to come again; a neighbour is not', async () => {
    const { begun, enter } = newTurns();
    enter('flood', 1_002);
    expect(() => enter('flood')).toThrow(expect.objectContaining({ code: 'unavailable', retryAfter: 1 }));
    enter('neighbour');
    while (begun.length < 1_003) await nextTurn();
    await nextTurn();
    enter('flood');
    while (begun.length < 1_004) await nextTurn();
  });
});

/** Time that passes only by what is done, step by step as in the event loop: what is due, then all that was asked for soon. */
class TestClock implements Clock {
  private time = 0;
  private soonSteps: (() => void)[] = [];
  private laterSteps: { at: number; step: () => void }[] = [];

  now(): number {
    return this.time;
  }

  soon(step: () => void): void {
    this.soonSteps.push(step);
  }

  later(ms: number, step: () => void): void {
    this.laterSteps.push({ at: this.time + ms, step });
  }

  /** Something keeps the thread for so long. */
  spend(ms: number): void {
    this.time += ms;
  }

  /** One turn of the loop. With nothing to do it sleeps until something is due. */
  turn(): void {
    const nextDue = Math.min(...this.laterSteps.map(({ at }) => at));
    if (this.soonSteps.length === 0 && nextDue > this.time) this.time = nextDue;
    const due = this.laterSteps.filter(({ at }) => at <= this.time);
    this.laterSteps = this.laterSteps.filter(({ at }) => at > this.time);
    for (const { step } of due) step();
    for (const step of this.soonSteps.splice(0)) step();
  }
}

describe('while others are at work', () => {
  /** A holder that keeps the thread for so long with each piece, until so much time is over. @returns milliseconds that it had */
  function timeOf(pieceMs: number, untilMs: number, neighbourEveryMs?: number): number {
    const clock = new TestClock();
    const turns = new Turns(clock);
    let had = 0;
    const piece = (): void => {
      clock.spend(pieceMs);
      had += pieceMs;
      turns.work('flood', piece);
    };
    for (let n = 0; n < 10; n++) turns.work('flood', piece);
    let asked = Number.NEGATIVE_INFINITY;
    while (clock.now() < untilMs) {
      if (neighbourEveryMs !== undefined && clock.now() - asked >= neighbourEveryMs) {
        asked = clock.now();
        turns.enter('neighbour', () => {});
      }
      clock.turn();
    }
    return had;
  }

  test('who does more than anybody has half of the thread; alone, all of it', () => {
    expect(timeOf(5, 10_000, 10)).toBeGreaterThan(4_500);
    expect(timeOf(5, 10_000, 10)).toBeLessThan(5_500);
    expect(timeOf(5, 10_000)).toBeGreaterThan(9_900);
  });

  test('two that do more than anybody have about half each, not a quarter', () => {
    const clock = new TestClock();
    const turns = new Turns(clock);
    const had = { a: 0, b: 0 };
    for (const holder of ['a', 'b'] as const) {
      const piece = (): void => {
        clock.spend(4);
        had[holder] += 4;
        turns.enter(holder, () => {});
        turns.work(holder, piece);
      };
      turns.enter(holder, () => {});
      turns.work(holder, piece);
    }
    while (clock.now() < 10_000) clock.turn();
    expect(had.a + had.b).toBeGreaterThan(8_000);
    expect(Math.abs(had.a - had.b)).toBeLessThan(500);
  });

  test('a flood of requests leaves gaps between its turns', () => {
    const clock = new TestClock();
    const turns = new Turns(clock);
    const begunAt: number[] = [];
    turns.enter('neighbour', () => {});
    for (let n = 0; n < 10; n++) turns.enter('flood', () => begunAt.push(clock.now()));
    for (let n = 0; n < 30; n++) clock.turn();
    expect(begunAt).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  test('who asks for something now and then begins at once, also during the rest of the other', () => {
    const clock = new TestClock();
    const turns = new Turns(clock);
    const begun: string[] = [];
    for (let n = 0; n < 100; n++) turns.enter('flood', () => begun.push('flood'));
    for (let n = 0; n < 10; n++) {
      clock.turn();
      const before = begun.length;
      turns.enter('neighbour', () => begun.push('neighbour'));
      expect(begun.slice(before)).toEqual(['neighbour']);
    }
  });

  test('large pieces of one holder never run in the same turn', () => {
    const clock = new TestClock();
    const turns = new Turns(clock);
    const begunAt: number[] = [];
    for (let n = 0; n < 5; n++) {
      turns.enter('flood', () => {});
      turns.enter('neighbour', () => {});
      turns.work('flood', () => {
        begunAt.push(clock.now());
        clock.spend(3);
      });
    }
    for (let n = 0; n < 100; n++) clock.turn();
    expect(begunAt).toHaveLength(5);
    for (let n = 1; n < 5; n++) expect(begunAt[n]! - begunAt[n - 1]!).toBeGreaterThanOrEqual(6);
  });
});
