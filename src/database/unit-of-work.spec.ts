import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { currentUnit, runInUnit, type Unit } from './unit-of-work.js';

const unitOf = (role: string): Unit => ({ role, tx: {} as EntityManager });

test('units side by side are each known in their own work, also after another one is over', async () => {
  const [short, long] = [unitOf('short'), unitOf('long')];
  const seen: unknown[] = [];
  await Promise.all([
    runInUnit(long, async () => {
      await sleep(20);
      seen.push(currentUnit());
    }),
    runInUnit(short, async () => {
      await sleep(1);
      seen.push(currentUnit());
    }),
  ]);
  expect(seen).toEqual([short, long]);
  expect(currentUnit()).toBeUndefined();
});

test('a unit begins again after all were over', async () => {
  const again = unitOf('again');
  await runInUnit(unitOf('before'), () => sleep(1));
  expect(await runInUnit(again, async () => currentUnit())).toBe(again);
});

test('what outlives its unit is in none, whether or not another one is under way', async () => {
  let late: Promise<unknown> | undefined;
  await runInUnit(unitOf('over'), async () => {
    late = sleep(20).then(currentUnit);
  });
  await runInUnit(unitOf('next'), () => sleep(40));
  expect(await late).toBeUndefined();
});

test('a unit that fails is over too', async () => {
  await expect(runInUnit(unitOf('failing'), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(currentUnit()).toBeUndefined();
});
