import { describe, expect, it } from '@jest/globals';
import { NO_INDEXES } from '../catalogue/indexes.js';
import type { SchemaFigures } from '../schema-figures.js';
import { alertRuleOf, statusOf, type FigureRule } from './figure-rule.js';
import { ACTIVITY_MISSING, CONNECTIONS_HIGH, FIGURE_RULES, INDEX_INVALID, MIGRATIONS_PENDING, RECORD_COUNT_LOW, SCHEMA_SIZE_HIGH } from './figure-rules.js';

const AT = new Date('2026-11-24T09:00:00Z');
const figures = (over: Partial<SchemaFigures> = {}): SchemaFigures => ({
  productId: 'tea_house',
  checkedAt: AT,
  durationMs: 3,
  status: 'ok',
  tableCount: 1,
  recordCount: 500,
  recordCountExact: true,
  lastActivity: AT,
  schemaSizeBytes: 81_920,
  schemaSizeExact: true,
  connectionsInUse: 1,
  connectionLimit: 60,
  cacheHitRatio: 1,
  deadRows: 0,
  migrationsPending: 0,
  longestTransactionSeconds: null,
  growthBytesPerDay: null,
  growthRecordsPerDay: null,
  daysUntilLimit: null,
  indexes: NO_INDEXES,
  ...over,
});
const standard = (rule: FigureRule) => ({ enabled: true, severity: rule.severity, forSeconds: rule.forSeconds, repeatSeconds: 1, threshold: rule.threshold?.default ?? null });
const found = (rule: FigureRule, over: Partial<SchemaFigures>, threshold = rule.threshold?.default ?? null) => rule.find(figures(over), threshold);

describe("the original's rules", () => {
  it('warn below 100 records, and not at 100', () => {
    expect(found(RECORD_COUNT_LOW, { recordCount: 99 })).toMatchObject({ state: 'breached', value: 99, message: '99 records, fewer than 100.' });
    expect(found(RECORD_COUNT_LOW, { recordCount: 100 })).toMatchObject({ state: 'ok' });
  });

  it('warn above 10,000,000 bytes, in megabytes', () => {
    expect(found(SCHEMA_SIZE_HIGH, { schemaSizeBytes: 10_000_000 })).toMatchObject({ state: 'ok' });
    expect(found(SCHEMA_SIZE_HIGH, { schemaSizeBytes: 12_340_000 })).toMatchObject({ state: 'breached', message: 'The schema takes 12.3 MB, more than 10.0 MB.' });
  });

  it('take another threshold, and end only some way beyond it', () => {
    expect(found(RECORD_COUNT_LOW, { recordCount: 99 }, 10)).toMatchObject({ state: 'ok', nearly: false });
    expect(found(RECORD_COUNT_LOW, { recordCount: 104 })).toMatchObject({ state: 'ok', nearly: true });
    expect(found(RECORD_COUNT_LOW, { recordCount: 105 })).toMatchObject({ state: 'ok', nearly: false });
    expect(found(SCHEMA_SIZE_HIGH, { schemaSizeBytes: 9_600_000 })).toMatchObject({ state: 'ok', nearly: true });
  });

  it('say that they see nothing where there is no figure, and call an estimate one', () => {
    expect(found(RECORD_COUNT_LOW, { recordCount: null })).toMatchObject({ state: 'no_data' });
    expect(found(SCHEMA_SIZE_HIGH, { schemaSizeBytes: null })).toMatchObject({ state: 'no_data' });
    expect(found(RECORD_COUNT_LOW, { recordCount: 12, recordCountExact: false })?.message).toBe('About 12 records, fewer than 100.');
  });
});

describe('the other rules of one look', () => {
  it('hold a product to its activity only where it says how often it writes', () => {
    const silent = { lastActivity: new Date(AT.getTime() - 7_200_000) };
    expect(found(ACTIVITY_MISSING, silent)).toBeUndefined();
    expect(found(ACTIVITY_MISSING, silent, 3_600)).toMatchObject({ state: 'breached', value: 7_200 });
    expect(found(ACTIVITY_MISSING, silent, 86_400)).toMatchObject({ state: 'ok' });
    expect(found(ACTIVITY_MISSING, { lastActivity: null }, 3_600)).toMatchObject({ state: 'no_data' });
  });

  it('see connections near their limit, pending migrations and invalid indexes', () => {
    expect(found(CONNECTIONS_HIGH, { connectionsInUse: 49 })).toMatchObject({ state: 'breached' });
    expect(found(CONNECTIONS_HIGH, { connectionsInUse: 40 })).toMatchObject({ state: 'ok' });
    expect(found(MIGRATIONS_PENDING, { migrationsPending: 1 })).toMatchObject({ state: 'breached' });
    expect(found(MIGRATIONS_PENDING, { migrationsPending: null })).toBeUndefined();
    expect(found(INDEX_INVALID, { indexes: { ...NO_INDEXES, invalid: ['teas_name_idx'] } })?.message).toContain('teas_name_idx');
  });
});

describe('the status of a look', () => {
  it('is the worst that a rule finds', () => {
    expect(statusOf(figures(), FIGURE_RULES, true, standard)).toBe('ok');
    expect(statusOf(figures({ recordCount: 3 }), FIGURE_RULES, true, standard)).toBe('warning');
    expect(statusOf(figures({ recordCount: 3, migrationsPending: 1 }), FIGURE_RULES, true, standard)).toBe('critical');
    expect(statusOf(figures({ recordCount: null }), FIGURE_RULES, true, standard)).toBe('unknown');
  });

  it('does not hold core and monitoring to the thresholds of products, nor anybody to a rule that is off', () => {
    expect(statusOf(figures({ recordCount: 3, schemaSizeBytes: 1e12 }), FIGURE_RULES, false, standard)).toBe('ok');
    expect(statusOf(figures({ recordCount: 3 }), FIGURE_RULES, true, (rule) => ({ ...standard(rule), enabled: false }))).toBe('ok');
  });
});

describe('an alert rule of a figure', () => {
  it('sees nothing in a check that is three sweeps old', async () => {
    const rule = alertRuleOf(RECORD_COUNT_LOW, { latest: () => Promise.resolve([figures({ recordCount: 3 })]) }, () => true);
    const context = { settingsOf: () => standard(RECORD_COUNT_LOW), steadySince: AT };
    expect(await rule.evaluate(new Date(AT.getTime() + 60_000), context)).toMatchObject([{ state: 'breached', productId: 'tea_house' }]);
    expect(await rule.evaluate(new Date(AT.getTime() + 901_000), context)).toMatchObject([{ state: 'no_data' }]);
  });
});
