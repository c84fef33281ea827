import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Sighting } from './look.js';
import { transition, type OpenAlert, type Transition } from './transition.js';

const START = new Date('2026-11-24T09:00:00Z');
const after = (seconds: number): Date => new Date(START.getTime() + seconds * 1_000);
const moment = (seconds: number, steadySince = new Date(0)) => ({ now: after(seconds), steadySince });

const sighting = (over: Partial<Sighting> = {}): Sighting => ({
  fingerprint: 'f',
  ruleId: 'record-count-low',
  title: 'Few records',
  productId: 'tea_house',
  subject: '',
  condition: 'breached',
  nearly: false,
  value: 12,
  message: '12 records',
  settings: { enabled: true, severity: 'warning', forSeconds: 300, repeatSeconds: 3_600, threshold: 100 },
  ...over,
});
const WELL = sighting({ condition: null, message: '120 records' });

const open = (over: Partial<OpenAlert> = {}): OpenAlert => ({
  id: 'a',
  fingerprint: 'f',
  ruleId: 'record-count-low',
  productId: 'tea_house',
  state: 'pending',
  condition: 'breached',
  severity: 'warning',
  message: '12 records',
  value: 12,
  startedAt: START,
  evaluatedAt: START,
  ...over,
});

describe('an alert', () => {
  it('begins pending, whatever the rule waits for', () => {
    expect(transition(undefined, sighting(), moment(0))).toMatchObject({ kind: 'began' });
    expect(transition(undefined, WELL, moment(0))).toBeUndefined();
    expect(transition(undefined, undefined, moment(0))).toBeUndefined();
  });

  it('fires when it has held long enough, and not before', () => {
    expect(transition(open(), sighting(), moment(299))).toMatchObject({ kind: 'held', startedAt: START });
    expect(transition(open(), sighting(), moment(300))).toMatchObject({ kind: 'fired', startedAt: START });
  });

  it('that did not last is dropped, and one that fired is resolved', () => {
    expect(transition(open(), WELL, moment(60))).toMatchObject({ kind: 'dropped' });
    expect(transition(open({ state: 'firing' }), WELL, moment(60))).toMatchObject({ kind: 'resolved', message: '120 records' });
    expect(transition(open({ state: 'firing' }), undefined, moment(60))).toMatchObject({ kind: 'resolved' });
  });

  it('goes on firing between the two limits, where none begins and a pending one ends', () => {
    const nearly = sighting({ condition: null, nearly: true, message: '103 records' });
    expect(transition(undefined, nearly, moment(60))).toBeUndefined();
    expect(transition(open(), nearly, moment(60))).toMatchObject({ kind: 'dropped' });
    expect(transition(open({ state: 'firing' }), nearly, moment(60))).toMatchObject({ kind: 'held', sighting: { condition: 'breached', message: '103 records' } });
  });

  it('is not resolved by nothing being seen', () => {
    const unseen = sighting({ condition: 'no_data' });
    expect(transition(open({ state: 'firing' }), unseen, moment(60))).toMatchObject({ kind: 'held', sighting: { condition: 'breached' } });
    expect(transition(open(), unseen, moment(600))).toMatchObject({ kind: 'held', sighting: { condition: 'breached' } });
    expect(transition(undefined, unseen, moment(60))).toMatchObject({ kind: 'began', sighting: { condition: 'no_data' } });
  });

  it('starts anew after a gap in the checks, and when its reason changes', () => {
    expect(transition(open(), sighting(), moment(900, after(900)))).toMatchObject({ kind: 'held', startedAt: after(900) });
    expect(transition(open({ condition: 'no_data' }), sighting(), moment(900))).toMatchObject({ kind: 'held', startedAt: after(900) });
    expect(transition(open({ state: 'firing' }), sighting(), moment(900, after(900)))).toMatchObject({ kind: 'held', startedAt: START });
  });
});

describe('any course of looks', () => {
  /** What a rule may see at one look: nothing there, well, well by a hair, broken, not to be seen, or that it fails itself. */
  const seen = fc.constantFrom(undefined, WELL, sighting({ condition: null, nearly: true }), sighting(), sighting({ condition: 'no_data' }), sighting({ condition: 'error' }));
  /** Seconds to the next look, sometimes so many that there was a gap. */
  const courses = fc.array(fc.record({ seen, pause: fc.oneof(fc.integer({ min: 1, max: 119 }), fc.integer({ min: 121, max: 90_000 })) }), { maxLength: 60 });

  it('fires only what was broken at every look for as long as the rule says, and ends what fires only when it is seen to be well', () => {
    fc.assert(
      fc.property(courses, fc.integer({ min: 0, max: 600 }), (course, forSeconds) => {
        let alert: OpenAlert | undefined;
        let now = 0;
        let steadySince = 0;
        /** Since when each look in a row has seen the same thing wrong. */
        let wrong: { since: number; condition: string } | undefined;
        for (const { seen: given, pause } of course) {
          now += pause;
          if (pause > 120) steadySince = now;
          const look = given === undefined ? undefined : { ...given, settings: { ...given.settings, forSeconds } };
          const before = alert;
          const change = transition(alert, look, { now: after(now), steadySince: after(steadySince) });
          // Broken and then not to be seen is still broken.
          const condition = look?.condition === 'no_data' && before?.condition === 'breached' ? 'breached' : (look?.condition ?? null);
          if (condition === null) wrong = undefined;
          else if (wrong === undefined || wrong.condition !== condition || wrong.since < steadySince) wrong = { since: now, condition };
          alert = apply(before, change, after(now));

          if (change?.kind === 'fired') expect(now - (wrong?.since ?? Infinity)).toBeGreaterThanOrEqual(forSeconds);
          if (before?.state === 'firing' && alert?.state !== 'firing') expect([look?.condition ?? null, look?.nearly ?? false]).toEqual([null, false]);
          if (change?.kind === 'resolved') expect(before?.state).toBe('firing');
          if (change?.kind === 'dropped') expect(before?.state).toBe('pending');
          if (alert?.state === 'pending') expect(condition).not.toBeNull();
        }
      }),
      { seed: 5, numRuns: 500 },
    );
  });
});

function apply(alert: OpenAlert | undefined, change: Transition | undefined, at: Date): OpenAlert | undefined {
  if (change === undefined) return alert;
  if (change.kind === 'began') return open({ condition: change.sighting.condition ?? 'breached', startedAt: at, evaluatedAt: at });
  if (change.kind !== 'held' && change.kind !== 'fired') return undefined;
  const { kind, startedAt } = change;
  return { ...change.alert, state: kind === 'fired' ? 'firing' : change.alert.state, condition: change.sighting.condition ?? change.alert.condition, startedAt, evaluatedAt: at };
}
