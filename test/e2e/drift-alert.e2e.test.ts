import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { AlertEvaluator } from '../../src/alerts/evaluation/alert-evaluator.js';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { DriftJob } from '../../src/drift/drift.job.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { OWNER_ROLE } from '../support/roles.js';
import { startTestService, type TestService } from '../support/service.js';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
  // The test looks when it wants to, and nobody else does.
  await nagaya.service.app.get(JobRunner, { strict: false }).beforeApplicationShutdown();
});
afterAll(() => nagaya.stop());

const byHand = (sql: string) => withAdmin(requireAdminUrl(nagaya.service.cluster), (admin) => admin.asOwner(OWNER_ROLE, () => admin.query(sql)));
async function look(): Promise<void> {
  await nagaya.service.app.get(DriftJob, { strict: false }).look();
  await nagaya.service.app.get(AlertEvaluator, { strict: false }).evaluate();
}
const alerts = async () =>
  (await nagaya.request('GET', '/v1/alerts?ruleId=schema-drift', { key: nagaya.keys.operator })).body.items.map(({ state, productId, message }) => ({ state, productId, message }));
const metric = async () => /nagaya_schema_drift\{schema="coding_rule2"\} (\d)/.exec(await (await fetch(`${nagaya.service.url}/metrics`)).text())?.[1];

test('a schema that is changed by hand raises an alert that names it, and the alert is over when it is mended', async () => {
  await look();
  expect(await alerts()).toEqual([]);
  await byHand(`ALTER TABLE coding_rule2.mistake_patterns ADD COLUMN by_hand text; DROP INDEX coding_rule2.mistake_patterns_occurrences_idx`);
  await look();
  expect(await alerts()).toMatchObject([{ state: 'pending' }]);
  // Seen twice in a row, it is told.
  await look();
  expect(await alerts()).toEqual([{ state: 'firing', productId: 'coding_rule2', message: expect.stringMatching(/coding_rule2 has drifted \(tampered\).* 2 differences; nagaya doctor --drift names them/) }]);
  expect(await metric()).toBe('1');
  await byHand(`ALTER TABLE coding_rule2.mistake_patterns DROP COLUMN by_hand; CREATE INDEX mistake_patterns_occurrences_idx ON coding_rule2.mistake_patterns (occurrences, id)`);
  await look();
  expect(await alerts()).toMatchObject([{ state: 'resolved', productId: 'coding_rule2' }]);
});
