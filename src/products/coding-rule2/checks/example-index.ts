import { tokenise, type Tokens } from '../search/tokens.js';

/** An example is the same action in other words from here on: the share of its words that the action has, weighed with how many others the action has. */
const SIMILAR = 0.6;
/** Words of which an answer tells that they are in both. */
const MOST_WORDS = 20;

export interface SimilarExample {
  readonly pattern: number;
  readonly rule: string;
  readonly words: string[];
  /** The cosine of both sets of words. */
  readonly similarity: number;
}

/** Examples of actions by their words, so that only those are looked at that have words of the action. */
export class ExampleIndex {
  private readonly examples: { pattern: number; rule: string; tokens: readonly string[] }[] = [];
  private readonly byToken = new Map<string, number[]>();

  add(pattern: number, rule: string): void {
    const tokens = [...tokenise(rule).counts.keys()];
    for (const token of tokens) {
      const list = this.byToken.get(token);
      if (list) list.push(this.examples.length);
      else this.byToken.set(token, [this.examples.length]);
    }
    this.examples.push({ pattern, rule, tokens });
  }

  /** The examples that say what the action says, in the order in which they were added. */
  similar({ counts: action }: Tokens): SimilarExample[] {
    const both = new Uint16Array(this.examples.length);
    for (const token of action.keys()) for (const nth of this.byToken.get(token) ?? []) both[nth]!++;
    const found: SimilarExample[] = [];
    for (const [nth, { pattern, rule, tokens }] of this.examples.entries()) {
      if (both[nth] === 0) continue;
      const similarity = Math.min(both[nth]! / Math.sqrt(action.size * tokens.length), 1);
      if (similarity < SIMILAR) continue;
      const words = tokens.filter((token) => action.has(token) && token[0] !== '\u0001');
      found.push({ pattern, rule, words: words.slice(0, MOST_WORDS), similarity });
    }
    return found;
  }
}
