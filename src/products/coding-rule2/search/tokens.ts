/** What a character is to the tokeniser. */
const SEPARATOR = 0;
/** Part of a word, in a script that writes spaces between words. */
const WORD = 1;
/** Part of a run, in a script that writes none. */
const RUN = 2;

const WORD_CHARACTER = /[\p{L}\p{M}\p{N}]/u;
const RUN_CHARACTER = /[\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Bopomofo}\p{scx=Thai}\p{scx=Lao}\p{scx=Khmer}\p{scx=Myanmar}\p{scx=Tibetan}]/u;

/** A longer word, such as a key in base64, is cut: its beginning tells it apart. In UTF-16 units. */
const LONGEST_WORD = 64;

/**
 * Marks a term that is no token: the last character of a run of two or more. With the tokens that begin with a character
 * it tells how often the character occurs, which a query of one character asks.
 */
const LAST_OF_RUN = '\u0001';

export interface Tokens {
  /** How often each term occurs; the terms with which runs end are among them, but are not counted as tokens. */
  readonly counts: ReadonlyMap<string, number>;
  /** How many tokens there are. */
  readonly length: number;
}

/** One word of a query: the terms any of which it stands for, and how often the query says it. */
export interface QueryTerm {
  readonly term: string;
  /** A single character of a script without spaces: every term that begins with it counts, and `term` marks where runs end. */
  readonly startsWith: string | undefined;
  readonly times: number;
}

/**
 * The tokens of a text after NFKC and lower-casing: words where the script writes spaces between words, and pairs of
 * neighbouring characters (a character alone where it stands alone) in Japanese, Chinese, Korean, Thai and their like.
 */
export function tokenise(text: string): Tokens {
  const counts = new Map<string, number>();
  const length = forEachTerm(text, (term) => void counts.set(term, (counts.get(term) ?? 0) + 1));
  return { counts, length };
}

/** Calls back for each term of a text as often as it occurs, the terms with which runs end among them. @returns how many tokens there are */
export function forEachTerm(text: string, found: (term: string) => void): number {
  let length = 0;
  forEachPiece(text, (piece, isRun) => {
    if (!isRun) {
      found(piece.slice(0, LONGEST_WORD));
      length++;
      return;
    }
    const pairs = forEachPair(piece, found);
    if (pairs === 0) found(piece);
    length += Math.max(pairs, 1);
  });
  return length;
}

/** What a query asks for, each term once; nothing where it holds neither letters nor digits. */
export function queryTerms(query: string): QueryTerm[] {
  const terms = new Map<string, { startsWith: string | undefined; times: number }>();
  const add = (term: string, startsWith?: string) => {
    const known = terms.get(term);
    if (known) known.times++;
    else terms.set(term, { startsWith, times: 1 });
  };
  forEachPiece(query, (piece, isRun) => {
    if (!isRun) return add(piece.slice(0, LONGEST_WORD));
    const terms: string[] = [];
    if (forEachPair(piece, (term) => void terms.push(term)) === 0) return add(LAST_OF_RUN + piece, piece);
    // The last one says where the run ends.
    for (const term of terms.slice(0, -1)) add(term);
  });
  return [...terms].map(([term, { startsWith, times }]) => ({ term, startsWith, times }));
}

/** Calls back for each word and each run of a text, in order. */
function forEachPiece(text: string, found: (piece: string, isRun: boolean) => void): void {
  const plain = text.normalize('NFKC').toLowerCase();
  let start = 0;
  let kind = SEPARATOR;
  for (let at = 0; at <= plain.length; ) {
    const unit = at < plain.length ? plain.charCodeAt(at) : 0;
    const isPair = unit >= 0xd800 && unit < 0xdc00;
    const next = isPair ? kindOf(plain.codePointAt(at)!) : KINDS[unit]!;
    if (next !== kind) {
      if (kind !== SEPARATOR) found(plain.slice(start, at), kind === RUN);
      start = at;
      kind = next;
    }
    at += isPair ? 2 : 1;
  }
}

/**
 * Calls back for each pair of neighbouring characters of a run, then for the term that says how it ends; not at all for one character.
 * A mark (a Thai vowel, a voiced sound) stays with the letter before it only as far as NFKC joined them. @returns how many pairs there were
 */
function forEachPair(run: string, found: (term: string) => void): number {
  if (BEYOND_BASIC_PLANE.test(run)) {
    const characters = Array.from(run);
    for (let i = 1; i < characters.length; i++) found(characters[i - 1]! + characters[i]!);
    if (characters.length > 1) found(LAST_OF_RUN + characters[characters.length - 1]!);
    return characters.length - 1;
  }
  let before = run.charCodeAt(0);
  for (let i = 1; i < run.length; i++) {
    const unit = run.charCodeAt(i);
    found(pairOf(before, unit));
    before = unit;
  }
  if (run.length > 1) found(pairOf(LAST_OF_RUN.charCodeAt(0), before));
  return run.length - 1;
}

const BEYOND_BASIC_PLANE = /[\ud800-\udfff]/;
const PAIRS_KEPT = 0x10000;
/**
 * Pairs of characters as they were last met, at a place that follows from the pair. A text has hundreds; one that is the same
 * string as before need not be put together and hashed anew, which takes longer than to look for it.
 */
const pairs = Array.from({ length: PAIRS_KEPT }, () => '');
const pairsAt = new Uint32Array(PAIRS_KEPT);

function pairOf(first: number, second: number): string {
  const pair = ((first << 16) | second) >>> 0;
  const at = Math.imul(pair, 0x9e3779b1) >>> 16;
  if (pairsAt[at] !== pair) {
    pairsAt[at] = pair;
    pairs[at] = String.fromCharCode(first, second);
  }
  return pairs[at]!;
}

function kindOf(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (!WORD_CHARACTER.test(character)) return SEPARATOR;
  return RUN_CHARACTER.test(character) ? RUN : WORD;
}

/** The kinds of the basic plane, looked up rather than matched: this runs for every character of every row. */
const KINDS = Uint8Array.from({ length: 0x10000 }, (_, unit) => (unit >= 0xd800 && unit < 0xe000 ? SEPARATOR : kindOf(unit)));
