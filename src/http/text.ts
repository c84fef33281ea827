import { plural } from './count.js';

/** What calls something by its name is no longer than that, and has to be visible; what people and programs say need not. */
const LONGEST_NAME = 100;
/** Nothing that anybody could see: spaces of all kinds, and characters that only steer others. */
const BLANK = /^[\s\p{Cc}\p{Cf}]*$/u;
/** NUL, which PostgreSQL cannot store, and lone surrogates, which are no characters at all. */
const UNSTORABLE = /[\0\p{Surrogate}]/u;

export interface TextRules {
  /** Most characters allowed, counted in code points as PostgreSQL counts varchar(n). */
  max: number;
  /** Fewest characters allowed; 1 unless given, so that an empty text is refused. */
  min?: number;
  /** Blanks alone will do. Unless given: where nothing would do too, and in what is too long for a name. */
  mayBeBlank?: boolean;
  pattern?: { matches: RegExp; means: string };
}

/** What is wrong with a text, or undefined. The sentences continue the name of a field: "… must be text". */
export function textProblem(value: unknown, { max, min = 1, mayBeBlank = min === 0 || max > LONGEST_NAME, pattern }: TextRules): string | undefined {
  if (typeof value !== 'string') return 'must be text (a JSON string)';
  if (value.length < min || value.length > max) {
    const length = codePoints(value);
    if (length === 0) return 'must not be empty';
    if (length < min) return `must be at least ${plural(min, 'character')} long; it has ${length}`;
    if (length > max) return `must be at most ${plural(max, 'character')} long; it has ${length}`;
  } else if (min > 1 && codePoints(value) < min) {
    return `must be at least ${plural(min, 'character')} long; it has ${codePoints(value)}`;
  }
  const unstorable = unstorableText(value);
  if (unstorable !== undefined) return unstorable;
  if (!mayBeBlank && BLANK.test(value)) return 'must not consist of blanks only';
  if (pattern && !pattern.matches.test(value)) return `must be ${pattern.means}`;
  return undefined;
}

/** Says why PostgreSQL could not store this text, whatever the field; undefined where it can. */
export function unstorableText(value: string): string | undefined {
  const at = value.search(UNSTORABLE);
  if (at < 0) return undefined;
  return value.charCodeAt(at) === 0
    ? `must not contain the character NUL (U+0000); there is one at position ${at}`
    : `must be well-formed Unicode; there is a lone surrogate at position ${at}`;
}

function codePoints(value: string): number {
  let count = 0;
  for (let i = 0; i < value.length; i++) {
    if (value.codePointAt(i)! > 0xffff) i++;
    count++;
  }
  return count;
}
