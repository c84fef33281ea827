import { setImmediate as othersTurn } from 'node:timers/promises';
import { AppError } from '../../../errors/app-error.js';
import { tokenise } from '../search/tokens.js';
import { ExampleIndex } from './example-index.js';
import { Expressions } from './expressions.js';
import { LiteralFinder } from './literal-finder.js';
import type { PatternRules } from './pattern-rules.js';
import { Phrase, plainOf } from './phrase.js';
import { requiredLiterals } from './required-literals.js';

/** Why a pattern matched: which expression and what it found, which phrase, or how similar which example is. */
export type Reason =
  | { readonly kind: 'regex'; readonly rule: string; readonly found: string }
  | { readonly kind: 'phrase'; readonly rule: string; readonly found: string }
  | { readonly kind: 'example'; readonly rule: string; readonly words: string[]; readonly similarity: number }
  | { readonly kind: 'embedding'; readonly similarity: number };

/** A rule of the pattern with a number in the set. */
interface Of<Rule> {
  readonly pattern: number;
  readonly rule: Rule;
}

interface Expression extends Of<string> {
  /** For each list of texts of which one must be there: their numbers among all literals. */
  readonly needs: readonly (readonly number[])[];
}

/** After so much work others get their turn. */
const SLICE_MS = 5;
/** Expressions that are hard to match meet a long text: the check is given up rather than keep the process busy. */
const LONGEST_MS = 5_000;

/**
 * The rules of many patterns, made ready to be held against one action at a time. What an action can match is found in one
 * pass over its text, whatever the number of patterns; only that is looked at more closely.
 */
export class PatternSet {
  private readonly expressions: Expression[] = [];
  private readonly phrases: Of<Phrase>[] = [];
  private readonly examples = new ExampleIndex();
  private readonly compiled = new Expressions();
  private readonly literals: LiteralFinder;
  private readonly phraseTexts: LiteralFinder;
  /** Expressions by the literal that makes them worth a look, by number. */
  private readonly byLiteral: number[][];
  private readonly alwaysRun: number[] = [];

  constructor(patterns: readonly PatternRules[]) {
    const literals = new Map<string, number>();
    const numberOf = (literal: string) => literals.get(literal) ?? literals.set(literal, literals.size).size - 1;
    for (const [pattern, { regexes, phrases, examples }] of patterns.entries()) {
      for (const rule of regexes) this.expressions.push({ pattern, rule, needs: requiredLiterals(rule).map((list) => list.map(numberOf)) });
      for (const rule of phrases) this.phrases.push({ pattern, rule: new Phrase(rule) });
      for (const rule of examples) this.examples.add(pattern, rule);
    }
    this.byLiteral = Array.from(literals, () => []);
    for (const [nth, { needs }] of this.expressions.entries()) {
      if (needs[0] === undefined) this.alwaysRun.push(nth);
      else for (const literal of needs[0]) this.byLiteral[literal]!.push(nth);
    }
    this.literals = new LiteralFinder([...literals.keys()]);
    this.phraseTexts = new LiteralFinder(this.phrases.map(({ rule }) => rule.plain));
  }

  /**
   * Why each pattern matches, by its number in the set; patterns that don't are left out.
   * @throws AppError `timeout` where its expressions take too long for this text
   */
  async reasons(action: string, context: string | undefined): Promise<Map<number, Reason[]>> {
    const text = context === undefined ? action : `${action}\n${context}`;
    const found = new Map<number, Reason[]>();
    const add = (pattern: number, reason: Reason) => {
      const known = found.get(pattern);
      if (known) known.push(reason);
      else found.set(pattern, [reason]);
    };
    await this.byExpression(text, add);
    const plain = plainOf(text);
    for (const { pattern, rule } of inOrder(this.phrases, (meet) => this.phraseTexts.find(plain, meet))) {
      if (rule.isIn(plain)) add(pattern, { kind: 'phrase', rule: rule.text, found: rule.plain });
    }
    for (const { pattern, ...example } of this.examples.similar(tokenise(action))) add(pattern, { kind: 'example', ...example });
    return found;
  }

  private async byExpression(text: string, add: (pattern: number, reason: Reason) => void): Promise<void> {
    const isThere = new Uint8Array(this.byLiteral.length);
    this.literals.find(text, (literal) => (isThere[literal] = 1));
    const candidates = inOrder(this.expressions, (meet) => {
      for (const nth of this.alwaysRun) meet(nth);
      for (const [literal, expressions] of this.byLiteral.entries()) if (isThere[literal] === 1) expressions.forEach(meet);
    });
    const began = performance.now();
    let sliceBegan = began;
    for (const { pattern, rule, needs } of candidates) {
      if (!needs.every((list) => list.some((literal) => isThere[literal] === 1))) continue;
      const quoted = this.compiled.find(rule, text);
      if (quoted !== undefined) add(pattern, { kind: 'regex', rule, found: quoted });
      if (performance.now() - sliceBegan < SLICE_MS) continue;
      if (performance.now() - began > LONGEST_MS) throw new AppError('timeout', `The expressions of the known mistakes take too long on a text of ${text.length} characters. Check a shorter text.`);
      await othersTurn();
      sliceBegan = performance.now();
    }
  }
}

/** The rules whose numbers come up, each once, in the order in which their patterns have them. */
function inOrder<Rule>(rules: readonly Rule[], comeUp: (meet: (nth: number) => void) => void): Rule[] {
  const numbers = new Set<number>();
  comeUp((nth) => numbers.add(nth));
  return [...numbers].sort((a, b) => a - b).map((nth) => rules[nth]!);
}
