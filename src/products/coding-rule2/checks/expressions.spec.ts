import { expect, test } from '@jest/globals';
import { RE2JS } from 're2js';
import { compileFrugally, expressionProblem, Expressions } from './expressions.js';

/** Letters in no order, the same in every run: what makes an automaton grow. */
function letters(length: number): string {
  let state = 3;
  return Array.from({ length }, () => ((state = (state * 48_271) % 2_147_483_647) > 1_073_741_823 ? 'a' : 'b')).join('');
}

test('what can be used is told from what can not', () => {
  expect(expressionProblem('git\\s+push.{0,200}--force')).toBeUndefined();
  expect(expressionProblem('(open')).toMatch(/^must be a regular expression as RE2 takes it/);
  expect(expressionProblem('a*')).toMatch(/^must not match empty text/);
  expect(expressionProblem('(\\w{0,300}a){3}x')).toMatch(/^must be simpler: its repeats come to \d+ steps, of 1000 at most$/);
});

test('one that plain SQL has written wrong finds nothing', () => {
  const expressions = new Expressions();
  for (const wrong of ['(open', '.*', '(\\w{0,300}a){3}x']) expect(expressions.find(wrong, `${'a'.repeat(900)}x`)).toBeUndefined();
  expect(expressions.find('a+x', 'baax')).toBe('aax');
});

test('an automaton that would grow with every letter is kept small, and finds the same', () => {
  const expression = '(?:a(a|b){14}[cd]|zz[xy])';
  const text = `${letters(4_000)}zzx`;
  const states = [RE2JS.compile(expression), compileFrugally(expression)].map((compiled) => {
    expect(compiled.test(text)).toBe(true);
    return compiled.re2().dfa.stateCount;
  });
  expect(states[0]).toBeGreaterThan(2_000);
  expect(states[1]).toBeLessThan(1_500);
  expect(new Expressions().find(expression, text)).toBe('zzx');
});
