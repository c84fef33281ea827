import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { findIsolationHoles } from '../../src/health/probes/isolation-holes.js';
import { asSuperuser } from '../support/postgres-server.js';
import { newLodger } from './support/lodger/lodger.js';
import { houseWith, startLodging, type Lodging } from './support/lodging.js';
import { until } from './support/until.js';

const lodger = newLodger();
let lodging: Lodging;
beforeAll(async () => {
  lodging = await startLodging([lodger]);
});
afterAll(() => lodging.stop());

const readiness = async (): Promise<{ status: number; body: { error?: { roles?: { message?: string } } } }> => {
  const answer = await fetch(`${lodging.service.url}/health/ready`);
  return { status: answer.status, body: (await answer.json()) as { error?: { roles?: { message?: string } } } };
};
const me = lodger.id;

const POLICY = `ALTER POLICY product_rows ON core.monitoring_events USING`;
const OWN = `(product_id = (SELECT current_user::text COLLATE "default"))`;

test.each([
  ['a role that joined another', 'member of another', `GRANT pg_read_all_data TO ${me}`, `REVOKE pg_read_all_data FROM ${me}`],
  ['a table of a product\'s role', 'owner of tables', `ALTER TABLE ${me}.visits OWNER TO ${me}`, `ALTER TABLE ${me}.visits OWNER TO nagaya_owner`],
  ['a neighbour\'s schema, opened', 'schema is open', `GRANT USAGE ON SCHEMA tea_house TO ${me}`, `REVOKE USAGE ON SCHEMA tea_house FROM ${me}`],
  ['a table for everybody', 'table is open', 'GRANT SELECT ON tea_house.teas TO PUBLIC', 'REVOKE SELECT ON tea_house.teas FROM PUBLIC'],
  ['a column for a neighbour', 'table is open', `GRANT SELECT (name) ON tea_house.teas TO ${me}`, `REVOKE SELECT (name) ON tea_house.teas FROM ${me}`],
  ['shared rows without row-level security', 'no row-level security', 'ALTER TABLE monitoring.worker_status DISABLE ROW LEVEL SECURITY', 'ALTER TABLE monitoring.worker_status ENABLE ROW LEVEL SECURITY'],
  ['the policy, loosened', 'more than their own rows', `${POLICY} (true)`, `${POLICY} ${OWN}`],
  ['the policy, with a way round', 'more than their own rows', `${POLICY} (${OWN} OR event_type = 'x')`, `${POLICY} ${OWN}`],
  ['the policy, turned round', 'more than their own rows', `${POLICY} (product_id <> (SELECT current_user::text COLLATE "default"))`, `${POLICY} ${OWN}`],
  ['one more policy', 'more than their own rows', `CREATE POLICY mine ON core.monitoring_events TO ${me} USING (product_id LIKE '%')`, 'DROP POLICY mine ON core.monitoring_events'],
])('%s is a hole (%s), and nothing else is', async (_what, words, open, shut) => {
  const look = (): Promise<string[]> => findIsolationHoles(lodging.service.databases.control, houseWith([lodger]), lodging.service.cluster.roles);
  expect(await look()).toEqual([]);
  await asSuperuser(lodging.database.name, open);
  expect(await look()).toEqual([expect.stringContaining(words)]);
  await asSuperuser(lodging.database.name, shut);
  expect(await look()).toEqual([]);
});

test('with a hole the service is not ready, says so without naming anything, and is again when it is mended', async () => {
  expect((await readiness()).status).toBe(200);
  await asSuperuser(lodging.database.name, `GRANT USAGE ON SCHEMA tea_house TO ${me}`);
  const down = await until(async () => {
    const answer = await readiness();
    return answer.status === 503 ? answer : undefined;
  });
  expect(down.body.error?.roles?.message).toMatch(/schema is open.*nagaya doctor/);
  expect(down.body.error?.roles?.message).not.toMatch(new RegExp(`${me}|tea_house`));
  await lodging.migrateAgain();
  await until(async () => (await readiness()).status === 200);
});
