import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Canary } from '../../src/isolation/canary.js';
import { asSuperuser } from '../support/postgres-server.js';
import { newLodger } from './support/lodger/lodger.js';
import { startLodging, type Lodging } from './support/lodging.js';

const [one, other] = [newLodger(), newLodger()];
let lodging: Lodging;
beforeAll(async () => {
  lodging = await startLodging([one, other]);
  await lodging.request(other.id, 'PUT', 'workers/w1/heartbeat', { workerType: 'x', status: 'busy' });
});
afterAll(() => lodging.stop());

const run = () => lodging.service.app.get(Canary, { strict: false }).run(new AbortController().signal);

test('every product is refused by every other, and the attempts are many enough to mean it', async () => {
  const result = await run();
  expect(result).toMatchObject({ breaches: [], unknown: 0 });
  // Four products, each against three, on the sentinel and on the shared tables.
  expect(result.attempts).toBeGreaterThanOrEqual(4 * 3 * 4);
});

test.each([
  ['a schema and its table, opened', 'migrations', `GRANT USAGE ON SCHEMA ${other.id} TO ${one.id}; GRANT SELECT ON ${other.id}.migrations TO ${one.id}`],
  ['row-level security, switched off', 'worker_status', 'ALTER TABLE monitoring.worker_status DISABLE ROW LEVEL SECURITY'],
  ['a policy, loosened', 'worker_status', 'ALTER POLICY product_rows ON monitoring.worker_status USING (true)'],
])('%s: the canary says who reads what, and writes an event for the owner', async (_what, table, open) => {
  await asSuperuser(lodging.database.name, open);
  const { breaches } = await run();
  expect(breaches).toContainEqual({ reader: one.id, owner: other.id, what: expect.stringContaining(table) });
  const events = await lodging.request(other.id, 'GET', 'events?eventType=isolation_breached');
  expect(events.body.items.length).toBeGreaterThan(0);
  await lodging.migrateAgain();
  expect((await run()).breaches).toEqual([]);
});
