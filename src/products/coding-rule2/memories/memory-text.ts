/** What a memory says and how it is built, taken apart: two memories can be compared by either. */
export interface MemoryText {
  /** All texts within, in the order of their names, NFKC and lower case, runs of white space as one space. */
  readonly words: string;
  /** Names, nesting and whatever is no text: what must be the same before the words are compared at all. */
  readonly frame: string;
}

export function textOf(content: unknown): MemoryText {
  const texts: string[] = [];
  const frame = JSON.stringify(frameOf(content, texts));
  return { words: texts.join('\n').normalize('NFKC').toLowerCase().replaceAll(/\s+/gu, ' ').trim(), frame };
}

function frameOf(value: unknown, texts: string[]): unknown {
  if (typeof value === 'string') {
    texts.push(value);
    return '';
  }
  if (Array.isArray(value)) return value.map((item) => frameOf(item, texts));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([name, inner]) => [name, frameOf(inner, texts)]);
}

const WORDS = /[\p{L}\p{N}]+/gu;
/** Scripts that are written without spaces: a word of theirs is found by its pairs of characters. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}ー々]+/gu;

/** The terms of a text: its words, and of scripts without spaces every two neighbouring characters. */
export function termsOf(text: string): Set<string> {
  const terms = new Set<string>();
  for (const [run] of text.normalize('NFKC').toLowerCase().matchAll(WORDS)) {
    for (const [unspaced] of run.matchAll(UNSPACED)) for (const pair of pairsOf(unspaced)) terms.add(pair);
    for (const word of run.replaceAll(UNSPACED, ' ').split(' ')) if (word !== '') terms.add(word);
  }
  return terms;
}

function pairsOf(run: string): string[] {
  const characters = [...run];
  return characters.length === 1 ? characters : characters.slice(1).map((character, index) => (characters[index] ?? '') + character);
}

/**
 * How much of the task each text speaks of: 0 for none of its terms, 1 for all of those that any text has. A term counts for
 * more the fewer of the texts have it, so that a word which all have decides little.
 */
export function relevances(task: string, texts: readonly string[]): number[] {
  const found = texts.map((text) => termsOf(text));
  const wanted = [...termsOf(task)].filter((term) => found.some((terms) => terms.has(term)));
  const weights = new Map(
    wanted.map((term) => {
      const holders = found.reduce((sum, terms) => sum + (terms.has(term) ? 1 : 0), 0);
      return [term, Math.log(1 + (texts.length - holders + 0.5) / (holders + 0.5))] as const;
    }),
  );
  const whole = wanted.reduce((sum, term) => sum + (weights.get(term) ?? 0), 0);
  if (whole === 0) return texts.map(() => 0);
  return found.map((terms) => wanted.reduce((sum, term) => sum + (terms.has(term) ? (weights.get(term) ?? 0) : 0), 0) / whole);
}
