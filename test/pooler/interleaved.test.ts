import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { startService, type RunningService } from '../../src/bootstrap.js';
import { createLogger } from '../../src/http/logging.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { call, expectProblem, type Answer } from '../postgres/support/call.js';
import { newLodger } from '../postgres/support/lodger/lodger.js';
import { dropLodgers, houseWith, migrateWith } from '../postgres/support/lodging.js';
import { startPgBouncer, type Pooler } from '../support/pgbouncer.js';

const CLIENTS = 50;
/** Each client writes and reads so many times; NAGAYA's own pools and PgBouncer's hand connections from one to the next all the while. */
const ROUNDS = 15;
/** Given, they go on for as long: `POOLER_SECONDS=60 npm run test:pg -- --suite pooler` is the minute that docs/operations.md tells of. */
const SECONDS = Number(process.env['POOLER_SECONDS'] ?? 0);

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
  pooler = await startPgBouncer();
  service = await startService({ configuration: { ...database.configuration, databaseUrl: pooler.urlOf(database.name), databaseAdminUrl: undefined }, house, logger: createLogger('silent') });
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
  const end = performance.now() + SECONDS * 1_000;
  let answers = 0;
  const client = async (number: number): Promise<void> => {
    const { id = '' } = lodgers[number % lodgers.length] ?? {};
    const at = `${service.url}/v1/products/${id}`;
    const key = keys.get(id) ?? '';
    for (let round = 0; round < ROUNDS || performance.now() < end; round++) {
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
  expect(answers).toBeGreaterThanOrEqual(CLIENTS * ROUNDS * 3);
  if (SECONDS > 0) process.stderr.write(`${CLIENTS} clients of ${lodgers.length} products, ${SECONDS} s: ${answers} answers, ${wrong.length} of them wrong\n`);
}, 60_000 + SECONDS * 1_000);

test('settings that hang on the roles hold behind the pooler', async () => {
  for (const { id } of lodgers) {
    expect(await service.databases.product(id).query('SELECT current_user AS role, current_setting(\'search_path\') AS path, current_setting(\'statement_timeout\') AS timeout')).toEqual([
      { role: id, path: `${id}, core, monitoring, extensions`, timeout: '30s' },
    ]);
  }
});

test('a role that has changed its own settings: also the sessions that the pooler keeps are right again, and neighbours are served all the while', async () => {
  const [id = '', neighbour] = lodgers.map((lodger) => lodger.id);
  const ask = (product = '') => call(`${service.url}/v1/products/${product}/session`, 'GET', keys.get(product) ?? '');
  const intruder = new pg.Client({ connectionString: service.cluster.urlOf(id) });
  await intruder.connect();
  await intruder.query(`ALTER ROLE ${id} IN DATABASE ${database.name} SET search_path = public`);
  await intruder.end();
  // New connections of Nagaya's own to sessions old and new.
  await service.databases.product(id).close();
  const answers: Answer[] = [];
  for (let right = 0; right < 20; ) {
    answers.push(await ask(id));
    right = answers.at(-1)?.status === 200 ? right + 1 : 0;
    expect((await ask(neighbour)).status).toBe(200);
  }
  for (const answer of answers) {
    if (answer.status === 200) expect(answer.body).toMatchObject({ role: id, searchPath: `${id}, core, monitoring, extensions` });
    else expectProblem(answer, 503, 'unavailable');
  }
  expect(answers.filter((answer) => answer.status === 503).length).toBeGreaterThan(0);
});
