import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Memory } from '../memories/memory.entity.js';
import { choose, estimateTokens, rankForTask, type Candidate } from './inheritance-choice.js';

const NOW = new Date('2026-11-24T00:00:00Z');
let made = 0;

function candidate(text: string, retentionPriority = 5, { generation = 1, daysOld = 0 } = {}): Candidate {
  const createdAt = new Date(NOW.getTime() - daysOld * 86_400_000);
  const memory: Memory = { id: `m${++made}`, sessionId: 's', memoryType: 't', memoryContent: { text }, retentionPriority, expiresAt: null, createdAt };
  return { memory, generation, relevance: null };
}
const textsOf = (candidates: readonly Candidate[]) => candidates.map(({ memory }) => memory.memoryContent['text']);

test('tokens are UTF-8 bytes of the content as JSON, divided by four, rounded up', () => {
  expect(estimateTokens({ text: 'abc' })).toBe(4); // {"text":"abc"} is 14 bytes
  expect(estimateTokens({ text: '長屋' })).toBe(5); // 11 bytes around 6
});

test('never more than the budget; each is taken exactly when it fits in what is left', () => {
  const memories = fc.array(fc.string({ maxLength: 60 }).map((text) => candidate(text)), { maxLength: 30 });
  fc.assert(
    fc.property(memories, fc.integer({ min: 0, max: 200 }), (given, budget) => {
      let left = budget;
      for (const item of choose(given, budget)) {
        expect(item.included).toBe(item.tokens <= left);
        if (item.included) left -= item.tokens;
      }
      expect(left).toBeGreaterThanOrEqual(0);
    }),
  );
});

test('one that does not fit is left out with its reason, and a smaller one behind it still gets in', () => {
  const items = choose([candidate('x'.repeat(400), 10), candidate('short', 1)], 50);
  expect(items.map((item) => item.included)).toEqual([false, true]);
  expect(items[0]?.reason).toBe('priority 10; 103 tokens do not fit in the 50 that were left');
});

test('a reason says how far up it came from', () => {
  expect(choose([candidate('old', 7, { generation: 3 })], 50)[0]?.reason).toBe('priority 7, 3 generations up; 4 tokens fit in the 50 that were left');
});

test('with a task, what speaks of it comes before what does not, in English and in Japanese', () => {
  const given = [candidate('Deploys happen on Fridays only.', 9), candidate('請求書の表は移行で変える。', 5), candidate('The invoice table has a numeric column.', 5), candidate('Prefers tabs.', 6)];
  expect(textsOf(rankForTask(given, 'add a column to the invoice table', NOW))[0]).toBe('The invoice table has a numeric column.');
  expect(textsOf(rankForTask(given, '請求書の移行を書く', NOW))[0]).toBe('請求書の表は移行で変える。');
});

test('with a task that nothing speaks of, priority and age decide', () => {
  const given = [candidate('b', 5, { daysOld: 90 }), candidate('a', 9), candidate('c', 5)];
  expect(textsOf(rankForTask(given, 'zebra', NOW))).toEqual(['a', 'c', 'b']);
});

test('what says nearly the same as a memory that was taken is left out if so asked, and only then', () => {
  const given = [candidate('Never force-push to the main branch.', 9), candidate('Never force-push to the main branch!', 5), candidate('Run the tests.', 5)];
  expect(choose(given, 1_000).map((item) => item.included)).toEqual([true, true, true]);
  const items = choose(given, 1_000, true);
  expect(items.map((item) => item.included)).toEqual([true, false, true]);
  expect(items[1]?.reason).toContain('says nearly the same as number 1');
  // The first does not fit; then the second is no repetition of anything.
  expect(choose([candidate('Never force-push to the main branch, and tell the team. '.repeat(1), 9), ...given.slice(1)], 12, true).some((item) => item.included)).toBe(true);
});
