import type { AlertCondition } from '../alert.entity.js';
import type { AlertRule, Observation, RuleContext, RuleSettings } from '../rules/alert-rule.js';
import { fingerprintOf } from './fingerprint.js';

/** What a rule has seen in one place, with how that place wants to be treated. */
export interface Sighting {
  readonly fingerprint: string;
  readonly ruleId: string;
  readonly title: string;
  readonly productId: string | null;
  readonly subject: string;
  /** null: all is well. */
  readonly condition: AlertCondition | null;
  readonly nearly: boolean;
  readonly value: number | null;
  readonly message: string;
  readonly settings: RuleSettings;
}

/** One rule, looked at once. */
export interface Look {
  readonly rule: AlertRule;
  readonly sightings: readonly Sighting[];
  readonly durationMs: number;
  /** Why the rule itself failed; what it would have seen is then unknown, and nothing of it changes. */
  readonly error: string | null;
}

/** "Nothing can be seen" and "the rule fails" are told as warnings, and only after a quarter of an hour: they mostly pass. */
const UNSEEN_FOR_SECONDS = 900;
const MESSAGE_MAX = 1_000;
const SUBJECT_MAX = 100;

/** @param now database time */
export async function lookAt(rule: AlertRule, now: Date, context: RuleContext): Promise<Look> {
  const started = performance.now();
  try {
    const observations = await rule.evaluate(now, context);
    const settings = (productId: string | null): RuleSettings => context.settingsOf(productId);
    const sightings = observations.filter(({ productId }) => settings(productId).enabled).map((seen) => sightingOf(rule, seen, settings(seen.productId)));
    return { rule, sightings: worstOfEach(sightings), durationMs: performance.now() - started, error: null };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { rule, sightings: [failure(rule, reason, context.settingsOf(null))], durationMs: performance.now() - started, error: reason };
  }
}

function sightingOf(rule: AlertRule, seen: Observation, settings: RuleSettings): Sighting {
  const subject = (seen.subject ?? '').slice(0, SUBJECT_MAX);
  const unseen = seen.state === 'no_data';
  return {
    fingerprint: fingerprintOf(rule.id, seen.productId, subject),
    ruleId: rule.id,
    title: rule.title,
    productId: seen.productId,
    subject,
    condition: seen.state === 'ok' ? null : seen.state,
    nearly: seen.nearly === true,
    value: seen.value ?? null,
    message: seen.message.slice(0, MESSAGE_MAX),
    settings: unseen ? { ...settings, severity: 'warning', forSeconds: Math.max(settings.forSeconds, UNSEEN_FOR_SECONDS) } : settings,
  };
}

/** A rule that fails is an alert with a name of its own: what the rule watches over is neither well nor broken by that. */
function failure(rule: AlertRule, reason: string, settings: RuleSettings): Sighting {
  return {
    fingerprint: fingerprintOf(rule.id, null, FAILED),
    ruleId: rule.id,
    title: rule.title,
    productId: null,
    subject: FAILED,
    condition: 'error',
    nearly: false,
    value: null,
    message: `The rule "${rule.title}" can't be evaluated: ${reason}`.slice(0, MESSAGE_MAX),
    settings: { ...settings, severity: 'warning', forSeconds: UNSEEN_FOR_SECONDS },
  };
}

const FAILED = 'rule failed';

/** A rule may see the same place twice; one alert comes of it. */
function worstOfEach(sightings: readonly Sighting[]): Sighting[] {
  const worst = new Map<string, Sighting>();
  for (const sighting of sightings) {
    const known = worst.get(sighting.fingerprint);
    if (known === undefined || rank(sighting) > rank(known)) worst.set(sighting.fingerprint, sighting);
  }
  return [...worst.values()];
}

function rank({ condition, nearly }: Sighting): number {
  if (condition === 'breached') return 3;
  if (condition === 'no_data') return 2;
  return nearly ? 1 : 0;
}
