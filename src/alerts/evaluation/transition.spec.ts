import { describe, expect, it } from '@jest/globals';
import type { Sighting } from './look.js';
import { transition, type OpenAlert } from './transition.js';

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
