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
  let length = 0;
  const add = (term: string) => void counts.set(term, (counts.get(term) ?? 0) + 1);
  forEachPiece(text, (piece, isRun) => {
    if (!isRun) {
      add(piece.slice(0, LONGEST_WORD));
      length++;
      return;
    }
    const characters = charactersOf(piece);
    if (characters.length === 1) {
      add(piece);
      length++;
      return;
    }
    for (let i = 1; i < characters.length; i++) add(characters[i - 1]! + characters[i]!);
    length += characters.length - 1;
    add(LAST_OF_RUN + characters[characters.length - 1]!);
  });
  return { counts, length };
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
    const characters = charactersOf(piece);
    if (characters.length === 1) return add(LAST_OF_RUN + piece, piece);
    for (let i = 1; i < characters.length; i++) add(characters[i - 1]! + characters[i]!);
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

/** The characters of a run; a mark (a Thai vowel, a voiced sound) stays with the letter before it only as far as NFKC joined them. */
function charactersOf(run: string): string[] {
  return Array.from(run);
}

function kindOf(codePoint: number): number {
  const character = String.fromCodePoint(codePoint);
  if (!WORD_CHARACTER.test(character)) return SEPARATOR;
  return RUN_CHARACTER.test(character) ? RUN : WORD;
}

/** The kinds of the basic plane, looked up rather than matched: this runs for every character of every row. */
const KINDS = Uint8Array.from({ length: 0x10000 }, (_, unit) => (unit >= 0xd800 && unit < 0xe000 ? SEPARATOR : kindOf(unit)));
