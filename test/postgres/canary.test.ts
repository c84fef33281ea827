import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Canary } from '../../src/isolation/canary.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { AlertEvaluator } from '../../src/alerts/evaluation/alert-evaluator.js';
import { asSuperuser } from '../support/postgres-server.js';
import { newLodger } from './support/lodger/lodger.js';
import { startLodging, type Lodging } from './support/lodging.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

const [one, other] = [newLodger(), newLodger()];
let lodging: Lodging;
beforeAll(async () => {
  lodging = await startLodging([one, other]);
});
afterAll(() => lodging.stop());

const run = () => lodging.service.app.get(Canary, { strict: false }).run(new AbortController().signal);
const asAdmin = (...statements: string[]) => asSuperuser(lodging.database.name, ...statements);

test('every product is refused by every other, and the attempts are many enough to mean it', async () => {
  const result = await run();
  expect(result).toMatchObject({ breaches: [], unknown: 0 });
  // Four products, each against three, on the sentinel and on the shared tables.
  expect(result.attempts).toBeGreaterThanOrEqual(4 * 3 * 4);
});

test('each product has a row of its own to be tried for, in its schema and among the shared rows', async () => {
  await run();
  const kept = await superuserRows<{ id: string }>(lodging.database.name, 'SELECT product_id AS id FROM monitoring.sentinels ORDER BY 1');
  expect(kept.map((row) => row.id)).toEqual(['coding_rule2', one.id, other.id, 'tea_house'].sort());
  for (const { id } of kept) expect(await superuserRows(lodging.database.name, `SELECT FROM ${id}.migrations LIMIT 1`)).toHaveLength(1);
});

const grantUsage = `GRANT USAGE ON SCHEMA ${other.id} TO ${one.id}`;
describe.each([
  ['a schema and its history, opened', `${other.id}.migrations`, grantUsage, `GRANT SELECT ON ${other.id}.migrations TO ${one.id}`],
  ['a schema and one of its tables, opened', `${other.id}.visits`, grantUsage, `GRANT SELECT ON ${other.id}.visits TO ${one.id}`],
  ['a schema and one column, opened', `${other.id}.visits`, grantUsage, `GRANT SELECT (name) ON ${other.id}.visits TO PUBLIC`],
  ['row-level security, switched off', 'monitoring.sentinels', 'ALTER TABLE monitoring.sentinels DISABLE ROW LEVEL SECURITY'],
  ['a policy, loosened', 'monitoring.sentinels', 'ALTER POLICY product_rows ON monitoring.sentinels USING (true)'],
  ['a role above row-level security', 'monitoring.sentinels', `ALTER ROLE ${one.id} BYPASSRLS`],
])('%s', (_what, table, ...open) => {
  test('the canary says who reads what, and writes an event for the owner', async () => {
    await asAdmin(...open);
    const { breaches } = await run();
    const what = table.split('.').map((part) => `"${part}"`).join('.');
    expect(breaches).toContainEqual({ reader: one.id, owner: other.id, what });
    const events = await lodging.request(other.id, 'GET', 'events?eventType=isolation_breached');
    expect(events.body.items.length).toBeGreaterThan(0);
    // Who could read it is the operators' to know.
    expect(JSON.stringify(events.body)).not.toContain(one.id);
    if (open[0]?.startsWith('ALTER ROLE')) await asAdmin(`ALTER ROLE ${one.id} NOBYPASSRLS`);
    await lodging.migrateAgain();
    expect((await run()).breaches).toEqual([]);
  });
});

test('a copy that was restored beside the products and left open is found too', async () => {
  await asAdmin('CREATE SCHEMA copy_of_other AUTHORIZATION nagaya_owner', 'CREATE TABLE copy_of_other.visits (name text)', `GRANT USAGE ON SCHEMA copy_of_other TO PUBLIC`, 'GRANT SELECT ON copy_of_other.visits TO PUBLIC');
  expect((await run()).breaches).toContainEqual({ reader: one.id, owner: 'copy_of_other', what: '"copy_of_other"."visits"' });
  await asAdmin('DROP SCHEMA copy_of_other CASCADE');
  expect((await run()).breaches).toEqual([]);
});

describe('on a live server', () => {
  const app = () => lodging.service.app;
  /** The job and the rules come round by themselves, in minutes; here they are told that it is time. */
  const comesRound = async (): Promise<void> => {
    await asAdmin(`UPDATE core.jobs SET next_run_at = clock_timestamp() WHERE name = 'isolation.canary'`);
    await app().get(JobRunner, { strict: false }).tick();
    await app().get(AlertEvaluator, { strict: false }).evaluate(new AbortController().signal);
  };
  const metric = async (): Promise<string | undefined> => /^nagaya_isolation_breached (\d)$/m.exec(await (await fetch(`${lodging.service.url}/metrics`)).text())?.[1];
  const alert = () => superuserRows<{ state: string; severity: string; message: string }>(lodging.database.name, `SELECT state, severity, message FROM monitoring.alerts WHERE rule_id = 'isolation-breached' ORDER BY started_at DESC LIMIT 1`);

  test('a hole is a metric and an alert that fires; mended, both say so', async () => {
    await until(async () => {
      await comesRound();
      return (await metric()) === '0';
    });
    expect(await alert()).toEqual([]);

    await asAdmin(grantUsage, `GRANT SELECT ON ${other.id}.visits TO ${one.id}`);
    await until(async () => {
      await comesRound();
      return (await alert())[0]?.state === 'firing';
    });
    expect(await alert()).toMatchObject([{ severity: 'critical', message: expect.stringContaining(`${one.id} reads "${other.id}"."visits" of ${other.id}`) }]);
    await until(async () => (await metric()) === '1');

    await lodging.migrateAgain();
    await until(async () => {
      await comesRound();
      return (await alert())[0]?.state === 'resolved';
    });
    await until(async () => (await metric()) === '0');
  });
});
