import type { FieldError } from '../../../errors/app-error.js';
import { expressionProblem } from './expressions.js';

/** What of a pattern's `patternData` decides whether an action matches it. Everything else in it is the client's own. */
export interface PatternRules {
  readonly regexes: readonly string[];
  readonly phrases: readonly string[];
  readonly examples: readonly string[];
}

export const SEVERITIES = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof SEVERITIES)[number];

const NAMES = ['regexes', 'phrases', 'examples'] as const;
type RuleKind = (typeof NAMES)[number];
const MOST_RULES = 50;
const LONGEST = { regexes: 1_000, phrases: 500, examples: 2_000 } as const;

/** What is wrong with the rules, by pointer into `patternData`. */
export function ruleProblems(patternData: Readonly<Record<string, unknown>>): FieldError[] {
  const problems: FieldError[] = [];
  for (const name of NAMES) {
    const list = patternData[name];
    if (list === undefined) continue;
    if (!Array.isArray(list)) problems.push({ pointer: `/${name}`, detail: 'must be a list of texts' });
    else if (list.length > MOST_RULES) problems.push({ pointer: `/${name}`, detail: `must have at most ${MOST_RULES} texts; it has ${list.length}` });
    else problems.push(...list.flatMap((rule: unknown, at) => problemWith(name, rule, `/${name}/${at}`)));
  }
  return problems;
}

function problemWith(name: RuleKind, rule: unknown, pointer: string): FieldError[] {
  const problem = textProblem(name, rule) ?? (name === 'regexes' ? expressionProblem(rule as string) : undefined);
  return problem === undefined ? [] : [{ pointer, detail: problem }];
}

function textProblem(name: RuleKind, rule: unknown): string | undefined {
  if (typeof rule !== 'string' || rule.trim() === '') return 'must be text that is not blank';
  return rule.length > LONGEST[name] ? `must be at most ${LONGEST[name]} characters long; it has ${rule.length}` : undefined;
}

/** The rules that can be used; what plain SQL has written wrong is left out, an expression that is not valid when it is first run. */
export function usableRules(patternData: Readonly<Record<string, unknown>>): PatternRules {
  const usable = (name: RuleKind): string[] => {
    const list = patternData[name];
    if (!Array.isArray(list)) return [];
    return list.slice(0, MOST_RULES).filter((rule: unknown): rule is string => textProblem(name, rule) === undefined);
  };
  return { regexes: usable('regexes'), phrases: usable('phrases'), examples: usable('examples') };
}

/** `medium` unless the pattern says otherwise. */
export function severityOf(patternData: Readonly<Record<string, unknown>>): Severity {
  const given = patternData['severity'];
  return SEVERITIES.find((severity) => severity === given) ?? 'medium';
}
