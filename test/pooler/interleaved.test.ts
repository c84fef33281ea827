import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { startService, type RunningService } from '../../src/bootstrap.js';
import { createLogger } from '../../src/http/logging.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { call } from '../postgres/support/call.js';
import { newLodger } from '../postgres/support/lodger/lodger.js';
import { dropLodgers, houseWith, migrateWith } from '../postgres/support/lodging.js';
import { startPgBouncer, type Pooler } from './pgbouncer.js';

const CLIENTS = 50;
/** Each client writes and reads so many times; NAGAYA's own pools and PgBouncer's hand connections from one to the next all the while. */
const ROUNDS = Number(process.env['POOLER_ROUNDS'] ?? 15);

const lodgers = Array.from({ length: 5 }, () => newLodger());
let database: TestDatabase;
let pooler: Pooler;
let service: RunningService;
const keys = new Map<string, string>();

beforeAll(async () => {
  const house = houseWith(lodgers);
  database = await createTestDatabase();
  // The migrator goes past the pooler: its locks belong to the session.
  await migrateWith(database.configuration, house);
  pooler = await startPgBouncer(database.name);
  service = await startService({ configuration: { ...database.configuration, databaseUrl: pooler.url, databaseAdminUrl: undefined }, house, logger: createLogger('silent') });
  const apiKeys = new ApiKeysService(service.databases);
  for (const { id } of lodgers) keys.set(id, (await apiKeys.create({ name: 'test', productId: id })).key);
});
afterAll(async () => {
  await service.close();
  await pooler.stop();
  await database.drop();
  await dropLodgers(lodgers);
});

test('50 clients of 5 products, interleaved: each is always itself, and never sees a row of another', async () => {
  const wrong: unknown[] = [];
  let answers = 0;
  const client = async (number: number): Promise<void> => {
    const { id = '' } = lodgers[number % lodgers.length] ?? {};
    const at = `${service.url}/v1/products/${id}`;
    const key = keys.get(id) ?? '';
    for (let round = 0; round < ROUNDS; round++) {
      const visit = await call(`${at}/visits`, 'POST', key, { name: id });
      const beat = await call(`${at}/workers/w${number}/heartbeat`, 'PUT', key, { workerType: id, status: 'busy' });
      const workers = await call(`${at}/workers?limit=100`, 'GET', key);
      answers += 3;
      const seen = { statuses: [visit.status, beat.status, workers.status], role: visit.body['role'], workers: new Set((workers.body.items as { workerType: string }[]).map((worker) => worker.workerType)) };
      if (seen.statuses.join() !== '201,200,200' || seen.role !== id || seen.workers.size !== 1 || !seen.workers.has(id)) wrong.push({ id, ...seen });
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, number) => client(number)));
  expect(wrong).toEqual([]);
  expect(answers).toBe(CLIENTS * ROUNDS * 3);
});

test('settings that hang on the roles hold behind the pooler', async () => {
  for (const { id } of lodgers) {
    expect(await service.databases.product(id).query('SELECT current_user AS role, current_setting(\'search_path\') AS path, current_setting(\'statement_timeout\') AS timeout')).toEqual([
      { role: id, path: `${id}, core, monitoring, extensions`, timeout: '30s' },
    ]);
  }
});
