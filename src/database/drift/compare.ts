import type { MigrationState } from '../migrations/migration-state.js';
import type { Catalogue } from './catalogue.js';
import { expectedAfter, type Fingerprint, type MigrationPrint } from './fingerprint.js';

/**
 * - `in_step`: what the migrations make, no more and no less
 * - `behind`: in step with its history, which lacks migrations of this release
 * - `ahead`: a newer release has migrated it; what that one made can't be told from what somebody made by hand
 * - `partial`: a migration is half there: objects without its line in the history, or the line without its objects
 * - `tampered`: somebody changed it outside the migrations
 * - `unknown`: there is no fingerprint to hold it against, or the history was not to be read
 */
export type DriftState = 'in_step' | 'behind' | 'ahead' | 'partial' | 'tampered' | 'unknown';

export interface Difference {
  /** E.g. `column teas.name`, `index teas_name_idx`. */
  readonly object: string;
  readonly change: 'missing' | 'unexpected' | 'changed';
  readonly expected: string | null;
  readonly actual: string | null;
}

export interface DriftReport {
  readonly schema: string;
  readonly state: DriftState;
  readonly differences: readonly Difference[];
  /** One sentence for people. */
  readonly reason: string;
}

/** Drift that somebody has to look at; behind and ahead are where a rolling release passes through. */
export function isDrift(state: DriftState): boolean {
  return state === 'partial' || state === 'tampered';
}

/** Holds a schema's catalogue against what the migrations in its history make on an empty database. */
export function compareWithFingerprint(history: Omit<MigrationState, 'ready'>, applied: readonly string[], actual: Catalogue, fingerprint: Fingerprint | undefined): DriftReport {
  const { schema, pending, ahead } = history;
  const report = (state: DriftState, reason: string, differences: readonly Difference[] = []): DriftReport => ({ schema, state, differences, reason });
  if (fingerprint === undefined) return report('unknown', 'It has no fingerprint.json; npm run migrations:fingerprint writes one.');
  const known = new Set(fingerprint.migrations.map(({ name }) => name));
  const unprinted = [...applied.filter((name) => !ahead.includes(name)), ...pending].filter((name) => !known.has(name));
  if (unprinted.length > 0) return report('unknown', `Its fingerprint.json lacks ${unprinted.join(', ')}; npm run migrations:fingerprint writes it anew.`);

  const differences = differencesOf(expectedAfter(fingerprint, applied), actual);
  if (ahead.length > 0) return report('ahead', `A newer release has migrated it (${ahead.join(', ')}); what differs may be its work.`, differences);
  if (differences.length === 0) {
    return pending.length > 0 ? report('behind', `It lacks ${pending.join(', ')}: run nagaya migrate.`) : report('in_step', 'It is what its migrations make.');
  }
  const halfDone = fingerprint.migrations.filter(({ name }) => pending.includes(name) || name === applied.at(-1));
  const explanation = halfDone.find((print) => differences.every((difference) => explains(print, difference, pending.includes(print.name))));
  if (explanation === undefined) return report('tampered', 'It was changed outside its migrations.', differences);
  const isPending = pending.includes(explanation.name);
  return report('partial', `${explanation.name} is half there: ${isPending ? 'objects of it stand without its line in the history' : 'the history has it, and objects of it are missing'}.`, differences);
}

export function differencesOf(expected: Catalogue, actual: Catalogue): Difference[] {
  const objects = [...new Set([...expected.keys(), ...actual.keys()])].sort((one, other) => (one < other ? -1 : 1));
  return objects.flatMap((object) => {
    const [wanted, found] = [expected.get(object) ?? null, actual.get(object) ?? null];
    if (wanted === found || (wanted !== null && found !== null && meaningOf(wanted) === meaningOf(found))) return [];
    return [{ object, change: found === null ? ('missing' as const) : wanted === null ? ('unexpected' as const) : ('changed' as const), expected: wanted, actual: found }];
  });
}

const CASTS = /'(?:[^']|'')*'|::(?:text|character varying)(?:\(\d+\))?(?:\[\])?/g;
const NEEDLESS = /(?<![\w"])\((\w+|'(?:[^']|'')*'|ARRAY\[[^\]]*\])\)/g;

/**
 * PostgreSQL prints a condition that it has read back from its own print with other casts and parentheses, as after a restore:
 * `(ARRAY['a'::character varying])::text[]` as `ARRAY[('a'::character varying)::text]`. Parentheses that group stay.
 */
function meaningOf(definition: string): string {
  let text = definition.replaceAll(CASTS, (token) => (token.startsWith("'") ? token : ''));
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replaceAll(NEEDLESS, '$1').replaceAll(/\bANY ?\((ARRAY\[[^\]]*\])\)/g, 'ANY $1');
  }
  return text;
}

/** Of a pending migration its work is there; of the newest applied one its work is not. */
function explains(print: MigrationPrint, { object, change, expected, actual }: Difference, isPending: boolean): boolean {
  if (isPending) return change === 'missing' ? print.drops.includes(object) : print.sets[object] === actual;
  // The columns of a table that is gone, and its constraints, are gone with it.
  return change === 'missing' ? print.sets[object] === expected : change === 'unexpected' && print.drops.includes(object);
}
