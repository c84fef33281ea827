import { RE2JS } from 're2js';
import { tokenise } from '../search/tokens.js';
import { severityOf, usableRules, type Severity } from './pattern-rules.js';
import { requiredLiteral } from './required-literal.js';

/** Why a pattern matched: which expression and what it found, which phrase, or how similar which example is. */
export type Reason =
  | { readonly kind: 'regex'; readonly rule: string; readonly found: string }
  | { readonly kind: 'phrase'; readonly rule: string; readonly found: string }
  | { readonly kind: 'example'; readonly rule: string; readonly words: readonly string[]; readonly similarity: number }
  | { readonly kind: 'embedding'; readonly similarity: number };

/** An action as it is held against every pattern. */
export interface CheckedText {
  readonly text: string;
  readonly lower: string;
  /** NFKC, lower-cased, each stretch of white space one space. */
  readonly plain: string;
  readonly tokens: ReadonlyMap<string, number>;
}

/** An example is the same action in other words from here on: the share of its words that the action has, weighed with how many others the action has. */
const SIMILAR = 0.6;
/** What an expression found is quoted up to this many characters. */
const QUOTED = 200;

export function checkedText(action: string, context: string | undefined): CheckedText {
  const text = context === undefined ? action : `${action}\n${context}`;
  return { text, lower: text.toLowerCase(), plain: plainOf(text), tokens: tokenise(action).counts };
}

/** A pattern's rules, made ready once and used for every check. */
export class PatternMatcher {
  readonly severity: Severity;
  private readonly regexes: { rule: string; compiled: RE2JS; literal: string | undefined }[];
  private readonly phrases: { rule: string; plain: string; startsWord: boolean; endsWord: boolean }[];
  private readonly examples: { rule: string; tokens: ReadonlyMap<string, number> }[];

  constructor(patternData: Readonly<Record<string, unknown>>) {
    const { regexes, phrases, examples } = usableRules(patternData);
    this.severity = severityOf(patternData);
    this.regexes = regexes.map((rule) => ({ rule, compiled: RE2JS.compile(rule), literal: requiredLiteral(rule) }));
    this.phrases = phrases.map((rule) => ({ rule, plain: plainOf(rule).trim(), startsWord: SPACED.test(Array.from(plainOf(rule).trim())[0] ?? ''), endsWord: SPACED.test(Array.from(plainOf(rule).trim()).at(-1) ?? '') }));
    this.examples = examples.map((rule) => ({ rule, tokens: tokenise(rule).counts }));
  }

  reasons(checked: CheckedText): Reason[] {
    return [...this.byRegex(checked), ...this.byPhrase(checked), ...this.byExample(checked)];
  }

  private byRegex({ text, lower }: CheckedText): Reason[] {
    return this.regexes.flatMap(({ rule, compiled, literal }): Reason[] => {
      if (literal !== undefined && !lower.includes(literal)) return [];
      if (!compiled.test(text)) return [];
      const matcher = compiled.matcher(text);
      return [{ kind: 'regex', rule, found: matcher.find() ? (matcher.group() ?? '').slice(0, QUOTED) : '' }];
    });
  }

  private byPhrase({ plain }: CheckedText): Reason[] {
    return this.phrases.flatMap(({ rule, plain: phrase, startsWord, endsWord }): Reason[] => {
      for (let at = plain.indexOf(phrase); at >= 0; at = plain.indexOf(phrase, at + 1)) {
        // "push" is not in "pushed"; Japanese has no such borders.
        const cutsWord = (startsWord && SPACED.test(plain[at - 1] ?? '')) || (endsWord && SPACED.test(plain[at + phrase.length] ?? ''));
        if (!cutsWord) return [{ kind: 'phrase', rule, found: phrase }];
      }
      return [];
    });
  }

  private byExample({ tokens }: CheckedText): Reason[] {
    return this.examples.flatMap(({ rule, tokens: example }): Reason[] => {
      const words = [...example.keys()].filter((word) => tokens.has(word));
      const similarity = tokens.size === 0 || example.size === 0 ? 0 : words.length / Math.sqrt(tokens.size * example.size);
      return similarity < SIMILAR ? [] : [{ kind: 'example', rule, words: words.filter((word) => word[0] !== '\u0001').slice(0, 20), similarity: Math.min(similarity, 1) }];
    });
  }
}

/** A letter or digit of a script that writes spaces between words. */
const SPACED = /^(?![\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Thai}])[\p{L}\p{N}]$/u;

function plainOf(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ');
}
