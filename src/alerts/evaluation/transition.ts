import type { Alert } from '../alert.entity.js';
import type { Sighting } from './look.js';

/** What an alert that is open has to know of itself to go on. */
export type OpenAlert = Pick<Alert, 'id' | 'fingerprint' | 'ruleId' | 'productId' | 'state' | 'condition' | 'startedAt' | 'evaluatedAt' | 'message' | 'value' | 'severity'>;

/** What becomes of it: `began` pending, `fired`, `resolved`, `dropped` (it never fired, so nobody hears of it), or `held` as it was. */
export type Transition =
  | { readonly kind: 'began'; readonly sighting: Sighting }
  | { readonly kind: 'held' | 'fired'; readonly alert: OpenAlert; readonly sighting: Sighting; readonly startedAt: Date }
  | { readonly kind: 'resolved' | 'dropped'; readonly alert: OpenAlert; readonly message: string };

export interface Moment {
  /** Database time. */
  readonly now: Date;
  /** After a gap in the checks a pending alert starts anew: what was meanwhile, nobody saw. */
  readonly steadySince: Date;
}

/**
 * What follows from having seen `sighting` where `open` was the state of things; pure, so that every case can be tested.
 * Undefined: all was well and is.
 */
export function transition(open: OpenAlert | undefined, sighting: Sighting | undefined, moment: Moment): Transition | undefined {
  if (open === undefined) return begin(sighting);
  if (sighting === undefined) return end(open, 'What was wrong is no longer seen.');
  if (sighting.condition === null) return sighting.nearly ? linger(open, sighting) : end(open, sighting.message);
  // What was broken and can't be seen now has not been mended: it stays what it was, and says so.
  if (sighting.condition === 'no_data' && open.condition === 'breached') return hold(open, { ...sighting, condition: 'breached' });
  if (open.state === 'firing') return hold(open, sighting);
  const restarts = open.evaluatedAt < moment.steadySince || open.condition !== sighting.condition;
  const startedAt = restarts ? moment.now : open.startedAt;
  const hasHeld = moment.now.getTime() - startedAt.getTime() >= sighting.settings.forSeconds * 1_000;
  return { kind: hasHeld ? 'fired' : 'held', alert: open, sighting, startedAt };
}

function begin(sighting: Sighting | undefined): Transition | undefined {
  return sighting === undefined || sighting.condition === null ? undefined : { kind: 'began', sighting };
}

/** Between the two limits: what fires goes on firing, what only began ends. */
function linger(open: OpenAlert, sighting: Sighting): Transition {
  if (open.state !== 'firing') return end(open, sighting.message);
  return hold(open, { ...sighting, condition: open.condition });
}

function hold(open: OpenAlert, sighting: Sighting): Transition {
  return { kind: 'held', alert: open, sighting, startedAt: open.startedAt };
}

function end(alert: OpenAlert, message: string): Transition {
  return { kind: alert.state === 'firing' ? 'resolved' : 'dropped', alert, message };
}
