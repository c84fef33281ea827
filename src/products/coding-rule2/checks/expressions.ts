import { RE2JS } from 're2js';

/**
 * What compiled expressions of one set of patterns may take, in instructions of about 100 bytes. Past it all are compiled
 * anew when they are next run: 50,000 expressions are allowed, of which a check runs a handful.
 */
const MOST_INSTRUCTIONS = 1_000_000;
/** What a state of the automaton that RE2 builds while it reads takes, in instructions. */
const INSTRUCTIONS_A_STATE = 8;
/** RE2 builds an automaton while it reads, up to 8 MB for each expression unless it is told; past the limit it does without. */
const AUTOMATON_BYTES = 512 * 1024;
/**
 * The longest text (40,000 characters) takes such an expression up to half a second, in which the process does nothing
 * else; the time is in proportion to both. A counted repeat such as `.{0,400}` takes two for each of the times.
 */
const LARGEST = 1_000;
/** What an expression found is quoted up to this many characters. */
const QUOTED = 200;

/**
 * What keeps an expression from being used; undefined for nothing. RE2 knows neither lookaround nor back references: what
 * it takes, it matches in time linear in the text.
 */
export function expressionProblem(expression: string): string | undefined {
  try {
    const compiled = RE2JS.compile(expression);
    if (compiled.programSize() > LARGEST) return `must be simpler: its repeats come to ${compiled.programSize()} steps, of ${LARGEST} at most`;
    return compiled.test('') ? 'must not match empty text, or it matches every action' : undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error parsing regexp: /, '') : 'it is not valid';
    return `must be a regular expression as RE2 takes it (no lookaround, no back references): ${reason}`;
  }
}

/** Expressions that are compiled when they are first run, within a limit of memory for all of them. */
export class Expressions {
  /** Null for one that can't be used, which only plain SQL can have written. */
  private readonly compiled = new Map<string, RE2JS | null>();
  private instructions = 0;

  /** What an expression finds in a text first, or undefined. */
  find(expression: string, text: string): string | undefined {
    const compiled = this.ready(expression);
    if (compiled === null) return undefined;
    const before = statesOf(compiled);
    const isFound = compiled.test(text);
    this.instructions += Math.max(statesOf(compiled) - before, 0) * INSTRUCTIONS_A_STATE;
    if (!isFound) return undefined;
    const matcher = compiled.matcher(text);
    return matcher.find() ? (matcher.group() ?? '').slice(0, QUOTED) : '';
  }

  private ready(expression: string): RE2JS | null {
    const known = this.compiled.get(expression);
    if (known !== undefined) return known;
    if (this.instructions > MOST_INSTRUCTIONS) {
      this.compiled.clear();
      this.instructions = 0;
    }
    const compiled = expressionProblem(expression) === undefined ? compileFrugally(expression) : null;
    this.compiled.set(expression, compiled);
    this.instructions += compiled?.programSize() ?? 0;
    return compiled;
  }
}

/** @throws where RE2 does not take it */
export function compileFrugally(expression: string): RE2JS {
  const compiled = RE2JS.compile(expression);
  const { dfa } = compiled.re2();
  dfa.maxMem = dfa.stateBudget = dfa.memBudget = AUTOMATON_BYTES;
  return compiled;
}

function statesOf(compiled: RE2JS): number {
  return compiled.re2().dfa.stateCount;
}
