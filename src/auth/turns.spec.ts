import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Turns } from './turns.js';

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
    expect(begun).toHaveLength(1_004);
  });
});
