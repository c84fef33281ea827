/** A letter or digit of a script that writes spaces between words. */
const SPACED = /^(?![\p{scx=Han}\p{scx=Hiragana}\p{scx=Katakana}\p{scx=Hangul}\p{scx=Thai}])[\p{L}\p{N}]$/u;

/** Words that stand in a text as they are, whatever their case, width and spacing, but not as part of a longer word. */
export class Phrase {
  readonly plain: string;
  private readonly startsWord: boolean;
  private readonly endsWord: boolean;

  constructor(readonly text: string) {
    this.plain = plainOf(text).trim();
    const characters = Array.from(this.plain);
    this.startsWord = SPACED.test(characters[0] ?? '');
    this.endsWord = SPACED.test(characters.at(-1) ?? '');
  }

  /** @param plain as `plainOf` makes it */
  isIn(plain: string): boolean {
    if (this.plain === '') return false;
    for (let at = plain.indexOf(this.plain); at >= 0; at = plain.indexOf(this.plain, at + 1)) {
      // "push" is not in "pushed"; Japanese has no such borders.
      const cutsWord = (this.startsWord && SPACED.test(plain[at - 1] ?? '')) || (this.endsWord && SPACED.test(plain[at + this.plain.length] ?? ''));
      if (!cutsWord) return true;
    }
    return false;
  }
}

/** NFKC, lower-cased, each stretch of white space one space. */
export function plainOf(text: string): string {
  return text.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ');
}
