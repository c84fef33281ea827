import { expect, test } from '@jest/globals';
import { RE2JS } from 're2js';
import { tokenise } from '../search/tokens.js';
import type { PatternRules } from './pattern-rules.js';
import { PatternSet, type Reason } from './pattern-set.js';
import { Phrase, plainOf } from './phrase.js';

/** Every rule of every pattern, one after the other: what the set is held against. */
function naively(patterns: readonly PatternRules[], action: string, context: string | undefined): Map<number, Reason[]> {
  const text = context === undefined ? action : `${action}\n${context}`;
  const tokens = tokenise(action).counts;
  const found = new Map<number, Reason[]>();
  for (const [pattern, { regexes, phrases, examples }] of patterns.entries()) {
    const reasons: Reason[] = [];
    for (const rule of regexes) {
      const matcher = RE2JS.compile(rule).matcher(text);
      if (matcher.find()) reasons.push({ kind: 'regex', rule, found: (matcher.group() ?? '').slice(0, 200) });
    }
    for (const rule of phrases) if (new Phrase(rule).isIn(plainOf(text))) reasons.push({ kind: 'phrase', rule, found: plainOf(rule).trim() });
    for (const rule of examples) {
      const own = [...tokenise(rule).counts.keys()];
      const both = own.filter((token) => tokens.has(token));
      const similarity = both.length / Math.sqrt(tokens.size * own.length);
      if (both.length > 0 && similarity >= 0.6) reasons.push({ kind: 'example', rule, words: both.filter((word) => word[0] !== '\u0001').slice(0, 20), similarity: Math.min(similarity, 1) });
    }
    if (reasons.length > 0) found.set(pattern, reasons);
  }
  return found;
}

const sorted = (reasons: Map<number, Reason[]>) => [...reasons].sort(([a], [b]) => a - b);

test('finds what every rule by itself finds, in 150 patterns and 100 actions made at random', async () => {
  let state = 5;
  const random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const words = ['git', 'push', '--force', 'main', 'rm', '-rf', '/var', 'DROP', 'table', 'Straße', 'ΟΔΟΣ', 'οδοσα', 'ſql', 'SQL', 'kelvin', '\u212aelvin', 'ＡＢＣ', 'abc', '本番', '環境', '削除', 'テスト', 'ﾃｽﾄ', '😀', 'a.b', '100%', 'pushed'];
  const some = (most: number, joint = ' ') => Array.from({ length: 1 + Math.floor(random() * most) }, () => pick(words)).join(joint);
  const quoted = (text: string) => RE2JS.quote(text).replaceAll('\\Q', '').replaceAll('\\E', '');
  const expression = (): string =>
    pick<() => string>([
      () => `(?i)${quoted(pick(words))}\\s+${quoted(pick(words))}`,
      () => `(?:${quoted(pick(words))}|${quoted(pick(words))}).*${quoted(pick(words))}`,
      () => `\\b${quoted(pick(words))}\\b`,
      () => `[0-9]{2,}%?`,
      () => `^${quoted(pick(words))}`,
      () => `${pick(['本', '環', 'テ'])}.?${pick(['番', '境', 'ト'])}`,
    ])();
  const patterns = Array.from({ length: 150 }, (): PatternRules => ({
    regexes: Array.from({ length: Math.floor(random() * 3) }, expression),
    phrases: Array.from({ length: Math.floor(random() * 3) }, () => some(2, pick([' ', '']))),
    examples: Array.from({ length: Math.floor(random() * 2) }, () => some(6)),
  }));
  const set = new PatternSet(patterns);
  let matches = 0;
  for (let nth = 0; nth < 100; nth++) {
    const action = some(8, pick([' ', '', '  ', '\n']));
    const context = random() < 0.3 ? some(8) : undefined;
    const found = sorted(await set.reasons(action, context));
    expect(found).toEqual(sorted(naively(patterns, action, context)));
    matches += found.length;
  }
  expect(matches).toBeGreaterThan(500);
});

test('long literals that begin alike are told apart', async () => {
  const rules = ['the very same beginning and one end', 'the very same beginning and another'];
  const set = new PatternSet(rules.map((rule) => ({ regexes: [rule], phrases: [rule], examples: [] })));
  expect([...(await set.reasons(`so ${rules[1]} it is`, undefined)).keys()]).toEqual([1]);
});

test('others get their turn while expressions that are hard to match run over a long text', async () => {
  const hard = Array.from({ length: 12 }, (_, n) => `[ab]{${n % 9}}a(a|b){12}[cd]${n}`);
  const set = new PatternSet([{ regexes: hard.map((rule) => `(?:${rule}|zz[xy])`), phrases: [], examples: [] }]);
  let state = 3;
  const text = Array.from({ length: 1_500 }, () => ((state = (state * 48_271) % 2_147_483_647) > 1_073_741_823 ? 'a' : 'b')).join('');
  let turns = 0;
  const counting = setInterval(() => turns++, 1);
  const found = await set.reasons(`${text}zzx`, undefined);
  clearInterval(counting);
  expect(found.get(0)).toHaveLength(12);
  expect(turns).toBeGreaterThan(2);
});
