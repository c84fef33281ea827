import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { choose, estimateTokens } from './inheritance.service.js';
import type { Memory } from './memory.entity.js';

function memory(text: string, retentionPriority = 5): Memory {
  return { id: '', sessionId: 's', memoryType: 't', memoryContent: { text }, retentionPriority, expiresAt: null, createdAt: new Date(0) };
}

test('tokens are UTF-8 bytes of the content as JSON, divided by four, rounded up', () => {
  expect(estimateTokens({ text: 'abc' })).toBe(4); // {"text":"abc"} is 14 bytes
  expect(estimateTokens({ text: '長屋' })).toBe(5); // 11 bytes around 6
});

test('never more than the budget; each is taken exactly when it fits in what is left', () => {
  const memories = fc.array(fc.string({ maxLength: 60 }).map((text) => memory(text)), { maxLength: 30 });
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
  const items = choose([memory('x'.repeat(400), 10), memory('short', 1)], 50);
  expect(items.map((item) => item.included)).toEqual([false, true]);
  expect(items[0]?.reason).toBe('priority 10; 103 tokens do not fit in the 50 that were left');
});
