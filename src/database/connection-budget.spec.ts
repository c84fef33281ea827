import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ConnectionBudget } from './connection-budget.js';

const LONG = 60_000;

describe('ConnectionBudget', () => {
  test('never gives more than its size, and everything that was given comes back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }), async (size, pools) => {
        const budget = new ConnectionBudget(size);
        let most = 0;
        await Promise.all(
          pools.map(async (pool) => {
            const release = await budget.acquire(pool, LONG);
            most = Math.max(most, budget.inUse);
            await Promise.resolve();
            release();
          }),
        );
        expect(most).toBeLessThanOrEqual(size);
        expect([budget.inUse, budget.waiting]).toEqual([0, 0]);
      }),
    );
  });

  test('lines are served in turn: one busy pool does not keep the others waiting', async () => {
    const budget = new ConnectionBudget(1);
    const first = await budget.acquire('busy', LONG);
    const served: string[] = [];
    const waiters = ['busy', 'busy', 'busy', 'quiet'].map(async (pool) => {
      const release = await budget.acquire(pool, LONG);
      served.push(pool);
      release();
    });
    first();
    await Promise.all(waiters);
    expect(served.indexOf('quiet')).toBe(1);
  });

  test('one pool takes no more than its own maximum, and who waits for it takes nothing from the others', async () => {
    const budget = new ConnectionBudget(3, 2);
    const [first] = await Promise.all([budget.acquire('busy', LONG), budget.acquire('busy', LONG)]);
    const third = budget.acquire('busy', LONG);
    const quiet = await budget.acquire('quiet', 5);
    expect([budget.inUse, budget.waitingFor('busy')]).toEqual([3, 1]);
    quiet();
    expect([budget.inUse, budget.waitingFor('busy')]).toEqual([2, 1]);
    first();
    (await third)();
    expect([budget.inUse, budget.waiting]).toEqual([1, 0]);
  });

  test('who finds a thousand in the line of its pool is told at once; the line of another pool is its own', async () => {
    const budget = new ConnectionBudget(2, 1);
    const release = await budget.acquire('busy', LONG);
    const waiting = Array.from({ length: 1_000 }, () => budget.acquire('busy', 20).catch((error: unknown) => error));
    await expect(budget.acquire('busy', LONG)).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 });
    (await budget.acquire('quiet', 5))();
    await Promise.all(waiting);
    release();
    expect([budget.inUse, budget.waiting]).toEqual([0, 0]);
  });

  test('places kept for one pool are not given to others, and count as its own when it has them', async () => {
    const budget = new ConnectionBudget(4, 4, { pool: 'control', places: 2 });
    const [first, second] = [await budget.acquire('a', LONG), await budget.acquire('b', LONG)];
    await expect(budget.acquire('c', 5)).rejects.toMatchObject({ code: 'unavailable' });
    const waiting = budget.acquire('c', LONG);
    const control = [await budget.acquire('control', 5), await budget.acquire('control', 5)];
    control[0]?.();
    expect(budget.waitingFor('c')).toBe(1);
    first();
    (await waiting)();
    second();
    control[1]?.();
    expect([budget.inUse, budget.waiting]).toEqual([0, 0]);
  });

  test('who waits too long is told to come again, and leaves the line', async () => {
    const budget = new ConnectionBudget(1);
    const release = await budget.acquire('a', LONG);
    await expect(budget.acquire('b', 5)).rejects.toMatchObject({ code: 'unavailable', retryAfter: 1 });
    expect(budget.waiting).toBe(0);
    release();
    release();
    expect(budget.inUse).toBe(0);
  });
});
