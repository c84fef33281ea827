import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type pg from 'pg';
import { WarmConnections, type WarmConnection } from './warm-connections.js';

let givenBack: WarmConnection[];
let warm: WarmConnections;
beforeEach(() => {
  jest.useFakeTimers();
  givenBack = [];
  warm = new WarmConnections((connection) => givenBack.push(connection));
});
afterEach(() => {
  jest.useRealTimers();
});

const connection = (): WarmConnection => ({ client: {} as pg.PoolClient, release: () => {}, since: performance.now() });

test('the latest is taken first', () => {
  const [first, second] = [connection(), connection()];
  for (const each of [first, second]) expect(warm.keep(each)).toBe(true);
  expect([warm.take()?.client, warm.take()?.client, warm.take()]).toEqual([second.client, first.client, undefined]);
});

test('what nobody has taken for a second is given back, what was taken in between is not', () => {
  const [left, used] = [connection(), connection()];
  for (const each of [left, used]) warm.keep(each);
  jest.advanceTimersByTime(600);
  warm.keep(warm.take()!);
  jest.advanceTimersByTime(400);
  expect(givenBack.map(({ client }) => client)).toEqual([left.client]);
  expect(warm.count).toBe(1);
  jest.advanceTimersByTime(1_000);
  expect(givenBack.map(({ client }) => client)).toEqual([left.client, used.client]);
  expect(jest.getTimerCount()).toBe(0);
});

test('one that has been taken over and over for half a minute is for the pool to look at', () => {
  const busy = connection();
  jest.advanceTimersByTime(30_000);
  expect(warm.keep(busy)).toBe(true);
  warm.take();
  jest.advanceTimersByTime(1);
  expect(warm.keep(busy)).toBe(false);
  expect(warm.count).toBe(0);
});

test('one that is lost is taken out, and all are given back at the end', () => {
  const [lost, other] = [connection(), connection()];
  for (const each of [lost, other]) warm.keep(each);
  expect(warm.takeOut(lost.client)?.client).toBe(lost.client);
  expect(warm.takeOut(lost.client)).toBeUndefined();
  warm.empty();
  expect(givenBack.map(({ client }) => client)).toEqual([other.client]);
  expect([warm.count, jest.getTimerCount()]).toEqual([0, 0]);
});
