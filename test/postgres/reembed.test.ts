import { afterAll, beforeAll, beforeEach, expect, jest, test } from '@jest/globals';
import pg from 'pg';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { answer, meaningOf, startEmbeddingEndpoint, type EmbeddingEndpoint } from '../support/embedding-endpoint.js';
import { urlOfDatabase } from '../support/postgres-server.js';
import { environmentOf, nagaya, nagayaUntil } from '../support/process.js';
import { until } from './support/until.js';

/** Each test starts several processes. */
jest.setTimeout(180_000);

const ROWS = 60;
const KEY = 'sk-nobody-may-see-this';

let database: TestDatabase;
let endpoint: EmbeddingEndpoint;
let admin: pg.Client;

beforeAll(async () => {
  endpoint = await startEmbeddingEndpoint();
  database = await createTestDatabase();
  admin = new pg.Client({ connectionString: urlOfDatabase(database.name) });
  await admin.connect();
  await admin.query(
    `INSERT INTO coding_rule2.memory_inheritance (session_id, memory_type, memory_content, retention_priority)
     SELECT 's', 'fact', jsonb_build_object('text', 'memory number ' || n), 5 FROM generate_series(1, ${ROWS}) n`,
  );
});
afterAll(async () => {
  await admin.end();
  await endpoint.close();
  await database.drop();
});
beforeEach(() => {
  Object.assign(endpoint, { instead: undefined, delayMs: 0, load: Object.assign(endpoint.load, { most: 0 }) });
  endpoint.asked.length = 0;
});

const environment = (model: string): Record<string, string> => ({
  ...environmentOf(database),
  NAGAYA_EMBEDDINGS_URL: endpoint.url,
  NAGAYA_EMBEDDINGS_KEY: KEY,
  NAGAYA_EMBEDDINGS_MODEL: model,
  NAGAYA_EMBEDDINGS_BATCH: '4',
});
const count = async (condition: string): Promise<number> => (await admin.query<{ rows: number }>(`SELECT count(*)::int AS rows FROM coding_rule2.memory_inheritance WHERE ${condition}`)).rows[0]?.rows ?? -1;
/** From then on the endpoint hangs: whoever asks it is in the middle of its work. */
function stopAfter(requests: number): void {
  endpoint.instead = () => endpoint.asked.length > requests;
}
/** As if the lease of a process that is gone were over: the database's clock decides. */
const endLease = () => admin.query(`UPDATE core.jobs SET next_run_at = clock_timestamp(), lease_until = NULL WHERE name = 'coding_rule2.embeddings'`);

test('a dry run tells what there is and touches nothing', async () => {
  const told = await nagaya(['reembed', '--dry-run', '--json'], environment('m1'));
  expect(told).toMatchObject({ status: 0 });
  expect(JSON.parse(told.stdout)).toMatchObject({ model: 'm1', toCompute: ROWS, items: [{ name: 'memories', model: null, hasVector: false, rows: ROWS, toCompute: ROWS }] });
  expect((await nagaya(['reembed', '--dry-run'], environment('m1'))).stdout).toContain(`${ROWS} rows would be computed in m1`);
  expect(endpoint.asked).toEqual([]);
  expect(await count('embedding_model IS NOT NULL')).toBe(0);
});

test('killed in the middle, the next run goes on where it was, and computes no row twice', async () => {
  stopAfter(5);
  await nagayaUntil(['reembed'], environment('m1'), /[1-9]\d* of \d+ rows in all/, 'SIGKILL');
  const done = await count(`embedding_model = 'm1'`);
  expect(done).toBeGreaterThan(0);
  expect(done).toBeLessThan(ROWS);
  endpoint.instead = undefined;
  endpoint.asked.length = 0;
  await endLease();
  const resumed = await nagaya(['reembed', '--json'], environment('m1'));
  expect(resumed).toMatchObject({ status: 0 });
  expect(await count(`embedding_model = 'm1' AND vector_embedding IS NOT NULL`)).toBe(ROWS);
  // What was asked for when it was killed is asked for again, and nothing else.
  expect(endpoint.asked.reduce((sum, { input }) => sum + input.length, 0)).toBeLessThanOrEqual(ROWS - done);
  const { rows } = await admin.query<{ text: string; vector: string }>(`SELECT memory_content ->> 'text' AS text, vector_embedding::text AS vector FROM coding_rule2.memory_inheritance`);
  for (const { text, vector } of rows) expect(JSON.parse(vector)).toEqual([...meaningOf(text, 'm1')]);
});

test('two at once share one piece of work: one computes, both say that it is done', async () => {
  endpoint.delayMs = 20;
  const both = await Promise.all([nagaya(['reembed', '--json'], environment('m2')), nagaya(['reembed', '--json'], environment('m2'))]);
  expect(both.map(({ status }) => status)).toEqual([0, 0]);
  expect(endpoint.load.most).toBe(1);
  expect(endpoint.asked.reduce((sum, { input }) => sum + input.length, 0)).toBe(ROWS);
  expect(await count(`embedding_model = 'm2'`)).toBe(ROWS);
});

test('an endpoint that refuses ends it with the reason and without the key; searches keep the model that they have', async () => {
  endpoint.instead = (response) => answer(response, 401, { error: { message: KEY, code: 'invalid_api_key' } });
  const refused = await nagaya(['reembed'], environment('m3'));
  expect(refused).toMatchObject({ status: 1, stderr: expect.stringContaining('401 invalid_api_key') });
  expect(refused.stdout + refused.stderr).not.toContain(KEY);
  expect(await count(`embedding_model = 'm2'`)).toBe(ROWS);
  expect((await admin.query(`SELECT model, next_model FROM coding_rule2.embedding_states WHERE corpus = 'memories'`)).rows).toEqual([{ model: 'm2', next_model: 'm3' }]);
});

test('interrupted, it stops at the rows at hand and says how to go on', async () => {
  stopAfter(5);
  await endLease();
  const stopped = await nagayaUntil(['reembed', '--model', 'm3'], environment('m2'), /[1-9]\d* of \d+ rows in all/, 'SIGINT');
  expect(stopped).toMatchObject({ status: 1, stderr: expect.stringContaining('Interrupted') });
  // The lease is given back at once: nobody waits for it to end.
  await until(async () => (await admin.query(`SELECT FROM core.jobs WHERE name = 'coding_rule2.embeddings' AND lease_until IS NULL`)).rows.length === 1);
  endpoint.instead = undefined;
  expect(await nagaya(['reembed', '--model', 'm3', '--json'], environment('m2'))).toMatchObject({ status: 0 });
  expect(await count(`embedding_model = 'm3'`)).toBe(ROWS);
});

test('without a provider, for a product that is not there, or with a name that no column holds, it says so and exits 2', async () => {
  const { NAGAYA_EMBEDDINGS_URL: _, NAGAYA_EMBEDDINGS_KEY: __, NAGAYA_EMBEDDINGS_MODEL: ___, NAGAYA_EMBEDDINGS_BATCH: ____, ...none } = environment('m1');
  expect(await nagaya(['reembed'], none)).toMatchObject({ status: 2, stderr: expect.stringContaining('NAGAYA_EMBEDDINGS_URL') });
  expect(await nagaya(['reembed', '--product', 'nobody'], environment('m1'))).toMatchObject({ status: 2 });
  expect(await nagaya(['reembed', '--model', 'x'.repeat(101)], environment('m1'))).toMatchObject({ status: 2 });
});

test('vectors that clients brought are computed anew when that is asked for', async () => {
  await admin.query(
    `INSERT INTO coding_rule2.memory_inheritance (session_id, memory_type, memory_content, retention_priority, vector_embedding, embedding_model)
     VALUES ('s', 'fact', '{"text":"brought"}', 5, $1, 'theirs')`,
    [`[${[...meaningOf('brought', 'theirs')].join(',')}]`],
  );
  expect(JSON.parse((await nagaya(['reembed', '--dry-run', '--json', '--model', 'm3'], environment('m2'))).stdout)).toMatchObject({ toCompute: 1 });
  expect(await nagaya(['reembed', '--model', 'm3', '--json'], environment('m2'))).toMatchObject({ status: 0 });
  expect(await count(`embedding_model = 'm3'`)).toBe(ROWS + 1);
});
