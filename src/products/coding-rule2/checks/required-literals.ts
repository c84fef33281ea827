import { folded, isWithinBasicPlane } from './folding.js';

/**
 * What every match of an expression contains: of each list at least one text, folded as `folded` does. Looking for these
 * first spares running most expressions. Empty where nothing is known: the expression must be run.
 */
export type RequiredLiterals = readonly (readonly string[])[];

/** One character is in nearly every text and tells nothing, unless it is of a script that has thousands. */
const SHORTEST = 2;
/** A list of more alternatives than these tells little. */
const MOST_ALTERNATIVES = 30;
/** Lists that are kept, the most telling ones. */
const MOST_LISTS = 4;

/** Careful rather than clever: an expression that is not understood tells nothing. */
export function requiredLiterals(expression: string): RequiredLiterals {
  try {
    return new ExpressionReader(expression).read();
  } catch (error) {
    if (error instanceof NotUnderstood) return [];
    throw error;
  }
}

class NotUnderstood extends Error {}

/** How an atom may be repeated. */
type Times = 'once' | 'maybe' | 'several';

/** Reads RE2's syntax as far as it says what must be there. */
class ExpressionReader {
  private readonly characters: readonly string[];
  private at = 0;

  constructor(expression: string) {
    this.characters = Array.from(expression);
  }

  read(): RequiredLiterals {
    const lists = this.alternatives();
    if (this.at < this.characters.length) throw new NotUnderstood();
    return lists;
  }

  /** Up to the end or the parenthesis that closes. One of the alternatives matches, so one of all their texts is there. */
  private alternatives(): RequiredLiterals {
    const branches = [this.sequence()];
    while (this.next() === '|') {
      this.at++;
      branches.push(this.sequence());
    }
    if (branches.length === 1) return branches[0]!;
    if (branches.some((lists) => lists.length === 0)) return [];
    const any = [...new Set(branches.flatMap((lists) => lists[0]!))];
    return any.length > MOST_ALTERNATIVES ? [] : [any];
  }

  /** All parts of a sequence match, so the texts of each are there. The most telling list comes first. */
  private sequence(): RequiredLiterals {
    const lists: (readonly string[])[] = [];
    let run = '';
    const endRun = () => {
      if (run.length >= SHORTEST || isTelling(run)) lists.push([folded(run)]);
      run = '';
    };
    for (let next = this.next(); next !== undefined && next !== '|' && next !== ')'; next = this.next()) {
      const atom = next === '(' ? this.group() : this.single();
      const times = this.times();
      if (typeof atom !== 'string') {
        endRun();
        if (times !== 'maybe') lists.push(...atom);
        continue;
      }
      if (times !== 'maybe') run += atom;
      if (times !== 'once') endRun();
    }
    endRun();
    return lists.sort((a, b) => tells(b) - tells(a)).slice(0, MOST_LISTS);
  }

  /** A character that stands for itself; for a class, an escape or an anchor what it requires, which is nothing. */
  private single(): string | RequiredLiterals {
    const character = this.characters[this.at++]!;
    if (character === '\\') return this.escape();
    if (character === '[') {
      this.skipClass();
      return [];
    }
    if ('.^$'.includes(character)) return [];
    if ('*+?'.includes(character)) throw new NotUnderstood();
    return isWithinBasicPlane(character) ? character : [];
  }

  private escape(): string | RequiredLiterals {
    const escaped = this.characters[this.at++] ?? '';
    if (/^[!-/:-@[-`{-~]$/.test(escaped)) return escaped;
    if (/^[dDsSwWbBAzntrfva]$/.test(escaped)) return [];
    throw new NotUnderstood();
  }

  private skipClass(): void {
    if (this.next() === '^') this.at++;
    // A bracket that comes first stands for itself.
    for (let isFirst = true; isFirst || this.next() !== ']'; isFirst = false) {
      if (this.next() === undefined) throw new NotUnderstood();
      if (this.next() === '\\') this.at++;
      else if (this.next() === '[' && this.characters[this.at + 1] === ':') this.skipNamedClass();
      this.at++;
    }
    this.at++;
  }

  /** `[:alpha:]`, up to its last bracket. */
  private skipNamedClass(): void {
    const end = this.characters.indexOf(']', this.at);
    if (end < 0 || this.characters[end - 1] !== ':') throw new NotUnderstood();
    this.at = end;
  }

  private group(): RequiredLiterals {
    this.at++;
    const flags = /^\?(?:P?<\w+>|(?:[ims]*(?:-[ims]+)?)([:)]))/.exec(this.characters.slice(this.at, this.at + 60).join(''));
    if (this.next() === '?' && flags === null) throw new NotUnderstood();
    if (flags !== null) this.at += flags[0].length;
    if (flags?.[1] === ')') return [];
    const lists = this.alternatives();
    if (this.next() !== ')') throw new NotUnderstood();
    this.at++;
    return lists;
  }

  private times(): Times {
    const next = this.next();
    const counted = next === '{' ? /^\{(\d+)(?:,\d*)?\}/.exec(this.characters.slice(this.at, this.at + 20).join('')) : null;
    if (next !== '*' && next !== '+' && next !== '?' && counted === null) return 'once';
    this.at += counted === null ? 1 : counted[0].length;
    if (this.next() === '?') this.at++;
    if (/^(?:[*+?]|\{\d)/.test(this.characters.slice(this.at, this.at + 2).join(''))) throw new NotUnderstood();
    return next === '+' || (counted !== null && Number(counted[1]) > 0) ? 'several' : 'maybe';
  }

  private next(): string | undefined {
    return this.characters[this.at];
  }
}

/** One kanji or kana is as rare as a word. */
function isTelling(run: string): boolean {
  return run >= '\u3000';
}

/** The longer the shortest of the alternatives, the rarer; of equally long ones fewer are better. */
function tells(list: readonly string[]): number {
  return Math.min(...list.map((text) => text.length)) - list.length / (MOST_ALTERNATIVES + 1);
}
