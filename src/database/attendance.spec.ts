import { expect, test } from '@jest/globals';
import { Attendance } from './attendance.js';

test('nobody is beside who is alone, however much that one asks for', () => {
  const attendance = new Attendance(100);
  for (let now = 0; now < 1_000; now += 10) attendance.note('a', now);
  expect(attendance.isAnybodyBeside('a', 1_000)).toBe(false);
  expect(attendance.isAnybodyBeside('b', 1_000)).toBe(true);
});

test('who has asked for something is there for a while, and then no more', () => {
  const attendance = new Attendance(100);
  attendance.note('neighbour', 0);
  for (let now = 1; now <= 100; now++) attendance.note('flood', now);
  expect(attendance.isAnybodyBeside('flood', 100)).toBe(true);
  attendance.note('flood', 101);
  expect(attendance.isAnybodyBeside('flood', 101)).toBe(false);
});

test('of three, each has somebody beside it, whoever came last', () => {
  const attendance = new Attendance(100);
  for (const [now, holder] of ['a', 'b', 'c', 'b', 'b', 'a', 'a'].entries()) attendance.note(holder, now);
  for (const holder of ['a', 'b', 'c']) expect(attendance.isAnybodyBeside(holder, 7)).toBe(true);
});
