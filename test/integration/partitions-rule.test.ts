import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AlertRules } from '../../src/alerts/rules/alert-rules.js';
import type { RuleContext } from '../../src/alerts/rules/alert-rule.js';
import { PartitionsRule } from '../../src/monitoring/partitions/partitions-rule.js';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let open: OpenTestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  open = await openTestDatabase(database);
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

const look = async () => {
  const rules = new AlertRules();
  new PartitionsRule(rules, open.databases).onModuleInit();
  const seen = await rules.get('partitions-running-out')?.evaluate(new Date(), {} as RuleContext);
  return seen?.map(({ subject, state, value }) => ({ subject, state, value }));
};
const dayAhead = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');

test('partitions are made a day further ahead than promised, and running out is told with a week to go', async () => {
  expect(await look()).toEqual([
    { subject: 'core.monitoring_events', state: 'ok', value: 31 },
    { subject: 'monitoring.performance_metrics', state: 'ok', value: 31 },
  ]);
  // The job has stopped and time has passed, or a day is missing in the middle: what counts is the first that is not there.
  await withAdmin(requireAdminUrl(open.cluster), (admin) => admin.query(`DROP TABLE monitoring.performance_metrics_${dayAhead(7)}`));
  expect(await look()).toEqual([
    { subject: 'core.monitoring_events', state: 'ok', value: 31 },
    { subject: 'monitoring.performance_metrics', state: 'breached', value: 6 },
  ]);
});
