import { expect, test } from '@jest/globals';
import { RE2JS } from 're2js';
import { folded } from './folding.js';
import { requiredLiterals } from './required-literals.js';

test.each<[string, string[][]]>([
  ['git\\s+push\\s+--force', [['--force'], ['push'], ['git']]],
  ['(?i)DROP TABLE', [['drop table']]],
  ['テストを実行せず', [['テストを実行せず']]],
  ['abcd?', [['abc']]],
  ['abc{2,3}def', [['abc'], ['def']]],
  ['x+yz', [['yz']]],
  ['one|three', [['one', 'three']]],
  ['one|.', []],
  ['(?:lone) \\bword', [['lone'], ['word']]],
  ['(one|two)three', [['three'], ['one', 'two']]],
  ['[]abc]long', [['long']]],
  ['[[:alpha:]]long', [['long']]],
  ['package\\.json', [['package.json']]],
  ['(never)?mind', [['mind']]],
  ['(never)+mind', [['never'], ['mind']]],
  ['(never){0,3}mind', [['mind']]],
  ['a{b}c', [['a{b}c']]],
  ['本.番', [['本'], ['番']]],
  ['\\p{Greek}tail', []],
  ['\\Qa|b\\E', []],
  ['x', []],
])('of %s they are %j', (expression, lists) => {
  expect([...requiredLiterals(expression)].map((list) => [...list])).toEqual(expect.arrayContaining(lists));
  expect(requiredLiterals(expression)).toHaveLength(lists.length);
});

/** The same in every run. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
}

test('whatever matches contains them: 2,000 expressions made at random, each against texts of the same letters', () => {
  const random = uniform(11);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const letters = ['a', 'b', 'K', 'k', '\u212a', 's', 'ſ', 'Σ', 'ς', 'σ', 'İ', 'ı', 'ß', 'é', '本', '番', '-', '{', ']', ' '];
  const text = () => Array.from({ length: 1 + Math.floor(random() * 12) }, () => pick(letters)).join('');
  const atom = (depth: number): string => {
    const kind = random();
    if (kind < 0.55) return pick(['a', 'b', 'K', 'k', 's', 'Σ', 'σ', 'ß', '本', '番', '-', '{', ']', ' ', '\\-', '\\]']);
    if (kind < 0.65) return pick(['.', '\\w', '\\s', '[ab]', '[^a]', '[]a]', '[^]b]', '[[:alpha:]]', '[a\\]b]', '\\b', '^', '$', '\\pL', '\\x61', '\\141', '\\Qab\\E']);
    if (depth > 2) return 'a';
    return `${pick(['(', '(?:', '(?i:', '(?P<n>', '(?-i:'])}${sequence(depth + 1)}${random() < 0.4 ? `|${sequence(depth + 1)}` : ''})`;
  };
  const sequence = (depth: number): string =>
    Array.from({ length: 1 + Math.floor(random() * 4) }, () => atom(depth) + (random() < 0.25 ? pick(['?', '*', '+', '{2}', '{0,2}', '{1,}', '??', '+?', '{0}']) : '')).join('');
  let matched = 0;
  for (let nth = 0; nth < 2_000; nth++) {
    const expression = (random() < 0.3 ? '(?i)' : '') + sequence(0);
    let compiled: RE2JS;
    try {
      compiled = RE2JS.compile(expression);
    } catch {
      continue;
    }
    const lists = requiredLiterals(expression);
    for (const tried of Array.from({ length: 10 }, text)) {
      if (!compiled.test(tried)) continue;
      matched++;
      const missing = lists.filter((list) => !list.some((literal) => folded(tried).includes(literal)));
      expect({ expression, tried, missing }).toEqual({ expression, tried, missing: [] });
    }
  }
  expect(matched).toBeGreaterThan(500);
});
