import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { EmbeddingSettings } from '../../src/config/embedding-settings.js';
import { Embeddings } from '../../src/embeddings/embeddings.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import { answer, meaningOf, startEmbeddingEndpoint, type EmbeddingEndpoint } from '../support/embedding-endpoint.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { asBase64 } from '../support/vectors.js';

const ROOT = '/v1/products/coding_rule2';
const JOB = 'coding_rule2.embeddings';

interface Found {
  mode: string;
  embeddingModel: string | null;
  degraded: string | null;
  items: { id: string; similarity: number | null }[];
}

let endpoint: EmbeddingEndpoint;
let settings: EmbeddingSettings;
let nagaya: TestService;

beforeAll(async () => {
  endpoint = await startEmbeddingEndpoint();
  settings = { url: `${endpoint.url}/embeddings`, key: 'sk-nobody-may-see-this', model: 'm1', dimensions: undefined, batch: 2, timeoutMs: 300 };
  nagaya = await startTestService({ embeddings: settings });
});
afterAll(async () => {
  await nagaya?.stop();
  await endpoint.close();
});
beforeEach(() => {
  Object.assign(endpoint, { instead: undefined, spoil: undefined });
  endpoint.asked.length = 0;
  // Forgets that it has failed.
  embeddings().use(settings);
});

const embeddings = (): Embeddings => nagaya.service.app.get(Embeddings, { strict: false });
const post = (path: string, body: object): Promise<Answer> => nagaya.request('POST', `${ROOT}/${path}`, { body });
const sql = <Row extends object>(text: string, values: unknown[] = []): Promise<Row[]> => nagaya.service.databases.product('coding_rule2').query<Row>(text, values);

async function find(path: string, body: object): Promise<Found> {
  const found = await post(`${path}/search`, body);
  expect(found.status).toBe(200);
  return found.body as unknown as Found;
}

async function remember(text: string, more: object = {}): Promise<string> {
  const recorded = await post('memories', { sessionId: 's', memoryType: 'fact', memoryContent: { text }, ...more });
  expect(recorded.status).toBe(201);
  return recorded.body['id'] ?? '';
}

async function say(userMessage: string, more: object = {}): Promise<string> {
  const recorded = await post('conversations', { sessionId: 's', userMessage, aiResponse: '', ...more });
  expect(recorded.status).toBe(201);
  return recorded.body['id'] ?? '';
}

/** One run of the job that computes. @returns why it failed, or null */
async function work(): Promise<string | null> {
  const { control } = nagaya.service.databases;
  for (;;) {
    await control.query('INSERT INTO core.jobs (name) VALUES ($1) ON CONFLICT (name) DO UPDATE SET next_run_at = clock_timestamp() WHERE jobs.lease_until IS NULL', [JOB]);
    const [before] = await control.query<{ attempt: string }>('SELECT attempt FROM core.jobs WHERE name = $1', [JOB]);
    await nagaya.service.app.get(JobRunner, { strict: false }).tick();
    const [after] = await control.query<{ attempt: string; error: string | null }>('SELECT attempt, last_error AS error FROM core.jobs WHERE name = $1 AND lease_until IS NULL', [JOB]);
    if (after !== undefined && after.attempt !== before?.attempt) return after.error;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const modelsOf = async (table: string): Promise<{ id: string; model: string | null; has: boolean }[]> =>
  sql(`SELECT id, embedding_model AS model, vector_embedding IS NOT NULL AS has FROM coding_rule2.${table} ORDER BY created_at, id`);

describe('rows', () => {
  test('are recorded at once, whatever the provider does, and have their vectors soon', async () => {
    endpoint.instead = () => true;
    const conversation = await say('the invoice table was renamed');
    const memory = await remember('migrations are written by hand');
    endpoint.instead = undefined;
    expect(await work()).toBeNull();
    expect(await modelsOf('conversation_context')).toContainEqual({ id: conversation, model: 'm1', has: true });
    const found = await find('memories', { query: 'migrations by hand', mode: 'vector' });
    expect(found).toMatchObject({ mode: 'vector', embeddingModel: 'm1', degraded: null, items: [{ id: memory }] });
    expect(found.items[0]?.similarity).toBeGreaterThan(0.5);
    expect(endpoint.asked.every(({ authorization }) => authorization === `Bearer ${settings.key}`)).toBe(true);
  });

  test('that bring their own vector keep it, with its model, and are not compared with others', async () => {
    const own = await remember('brought by its client', { embedding: asBase64(meaningOf('anything', 'theirs')), embeddingModel: 'theirs' });
    expect(await work()).toBeNull();
    expect(await modelsOf('memory_inheritance')).toContainEqual({ id: own, model: 'theirs', has: true });
    const theirs = await find('memories', { embedding: [...meaningOf('anything', 'theirs')], embeddingModel: 'theirs' });
    expect(theirs.items.map(({ id }) => id)).toEqual([own]);
    expect((await find('memories', { query: 'brought by its client', mode: 'vector' })).items.map(({ id }) => id)).not.toContain(own);
  });

  test('whose text the provider refuses go without, and cost no other row its vector', async () => {
    endpoint.instead = (response, { input }) => input.some((text) => text.includes('unspeakable')) && answer(response, 400, { error: { code: 'content_filter' } });
    const [bad, good] = [await remember('unspeakable'), await remember('speakable')];
    expect(await work()).toBeNull();
    const models = await modelsOf('memory_inheritance');
    expect(models).toContainEqual({ id: bad, model: 'm1', has: false });
    expect(models).toContainEqual({ id: good, model: 'm1', has: true });
    endpoint.asked.length = 0;
    await work();
    expect(endpoint.asked).toEqual([]);
  });

  test('get no vector of another length: the job says why, and goes on when that is mended', async () => {
    const memory = await remember('of the wrong length');
    endpoint.spoil = (data) => data.map((item) => ({ ...item, embedding: (item.embedding as number[]).slice(0, 768) }));
    expect(await work()).toContain('1536 numbers; it has 768');
    expect(await modelsOf('memory_inheritance')).toContainEqual({ id: memory, model: null, has: false });
    endpoint.spoil = undefined;
    expect(await work()).toBeNull();
    expect(await modelsOf('memory_inheritance')).toContainEqual({ id: memory, model: 'm1', has: true });
  });

  test('without a word, and those that have expired, are not sent anywhere', async () => {
    await say('');
    await remember('gone already', { expiresAt: new Date(Date.now() - 1_000).toISOString() });
    expect(await work()).toBeNull();
    expect(endpoint.asked).toEqual([]);
  });
});

describe('a search by words', () => {
  test('is one by meaning too', async () => {
    const found = await find('conversations', { query: 'invoice table' });
    expect(found).toMatchObject({ mode: 'hybrid', embeddingModel: 'm1', degraded: null });
    expect(found.items[0]?.similarity).toBeGreaterThan(0.3);
    expect(await find('conversations', { query: 'invoice table', mode: 'text' })).toMatchObject({ mode: 'text', embeddingModel: null, items: [{ similarity: null }] });
  });

  test('that is repeated asks the provider once', async () => {
    for (let time = 0; time < 3; time++) await find('memories', { query: 'asked three times' });
    expect(endpoint.asked).toHaveLength(1);
  });

  test.each<[string, NonNullable<EmbeddingEndpoint['instead']>, string]>([
    ['fails', (response) => answer(response, 500, {}), 'answered 500'],
    ['hangs', () => true, 'no answer in 2 s'],
    ['refuses', (response) => answer(response, 401, { error: { message: 'sk-nobody-may-see-this', code: 'invalid_api_key' } }), '401 invalid_api_key'],
  ])('is answered from the words where the provider %s, and says so; for a while nobody waits for it', async (what, instead, why) => {
    endpoint.instead = instead;
    const found = await find('conversations', { query: `the invoice, while it ${what}` });
    expect(found).toMatchObject({ mode: 'text', embeddingModel: null, degraded: expect.stringContaining(why) });
    expect(found.items.length).toBeGreaterThan(0);
    expect(JSON.stringify(found)).not.toContain('sk-');
    expect((await find('memories', { query: 'another question', mode: 'vector' })).degraded).toContain(why);
    expect(endpoint.asked).toHaveLength(1);
  });
});

describe('patterns', () => {
  const check = async (action: string): Promise<{ verdict: string; matches: { patternType: string; reasons: { kind: string; similarity: number }[] }[] }> =>
    (await post('mistakes/check', { action })).body as never;
  const describePattern = (patternDescription: string): Promise<Answer> => nagaya.request('PUT', `${ROOT}/mistake-patterns/overwrites`, { body: { patternDescription, patternData: {} } });

  test('are held against what an action means, and computed anew when they are described anew', async () => {
    await describePattern('overwrites what colleagues pushed');
    expect(await work()).toBeNull();
    expect((await check('overwrites what colleagues pushed')).matches).toMatchObject([{ patternType: 'overwrites', reasons: [{ kind: 'embedding' }] }]);
    await describePattern('deletes a table that is in use');
    expect(await work()).toBeNull();
    expect((await check('overwrites what colleagues pushed')).verdict).toBe('allow');
    expect((await check('overwrites: deletes a table that is in use')).matches).toHaveLength(1);
  });

  test('are left out where the provider is not quick enough', async () => {
    endpoint.instead = () => true;
    const started = performance.now();
    expect((await check('deletes a table that is in use, said in other words')).verdict).toBe('allow');
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('are not compared within a transaction: an idempotency key makes one', async () => {
    const checked = await nagaya.request('POST', `${ROOT}/mistakes/check`, { body: { action: 'whatever it is' }, headers: { 'idempotency-key': 'once' } });
    expect(checked.status).toBe(200);
    expect(endpoint.asked).toEqual([]);
  });

  test('of another model are not compared with an action', async () => {
    const vector = [...meaningOf('an action', 'theirs')];
    const described = await nagaya.request('PUT', `${ROOT}/mistake-patterns/theirs`, { body: { patternDescription: 'x', embedding: vector, embeddingModel: 'theirs' } });
    expect(described.status).toBe(201);
    const verdict = async (more: object): Promise<string> => (await post('mistakes/check', { action: 'y', embedding: vector, ...more })).body['verdict'] ?? '';
    expect(await verdict({ embeddingModel: 'theirs' })).toBe('warn');
    expect(await verdict({ embeddingModel: 'm1' })).toBe('allow');
    expect(await verdict({})).toBe('allow');
  });
});

describe('a change of model', () => {
  /** Rows that are as near as each other come in any order. */
  const byId = ({ items }: Found): { id: string; similarity: number | null }[] => items.map(({ id, similarity }) => ({ id, similarity })).sort((a, b) => (a.id < b.id ? -1 : 1));
  const keeper = () => embeddings().keeperOf('coding_rule2')!;

  test('answers from the old one, in full, until every row has the new one; nothing is compared across', async () => {
    for (let n = 0; n < 6; n++) await remember(`lantern number ${n}`);
    await work();
    const all = await find('memories', { query: 'lantern number', mode: 'vector', limit: 100 });
    expect(all.embeddingModel).toBe('m1');

    await keeper().begin('m2');
    let asked = 0;
    endpoint.instead = (response, { model, input }) => model === 'm2' && input.some((text) => text.includes('lantern')) && ++asked > 1 && answer(response, 401, {});
    expect(await work()).toContain('401');
    embeddings().use(settings);
    endpoint.instead = undefined;

    const models = (await modelsOf('memory_inheritance')).filter(({ has }) => has).map(({ model }) => model);
    expect(new Set(models)).toEqual(new Set(['m1', 'm2', 'theirs'].filter((model) => models.includes(model))));
    expect(models).toContain('m1');
    expect(models).toContain('m2');
    const midway = await find('memories', { query: 'lantern number', mode: 'vector', limit: 100 });
    expect(midway.embeddingModel).toBe('m1');
    expect(byId(midway)).toEqual(byId(all).map(({ id, similarity }) => ({ id, similarity: expect.closeTo(similarity ?? 0, 5) })));
    // Both legs, the filter and the sample of what is usual read both places too.
    expect(await find('memories', { query: 'lantern number', sessionId: 's', limit: 100 })).toMatchObject({ mode: 'hybrid', embeddingModel: 'm1' });
    // What comes in meanwhile is found as well: by the model that is searched.
    const late = await remember('lantern that came late');

    expect(await work()).toBeNull();
    expect(await keeper().look()).toEqual(['conversations', 'memories', 'patterns'].map((name) => expect.objectContaining({ name, model: 'm2', nextModel: null })));
    expect(new Set((await modelsOf('memory_inheritance')).filter(({ has }) => has).map(({ model }) => model))).toEqual(new Set(['m2']));
    const after = await find('memories', { query: 'lantern number', mode: 'vector', limit: 100 });
    expect(after.embeddingModel).toBe('m2');
    expect(after.items.map(({ id }) => id)).toContain(late);
    expect(after.items.map(({ id }) => id)).toEqual(expect.arrayContaining(all.items.map(({ id }) => id)));
    // Who has asked in the old model just before is still answered in full.
    expect((await find('memories', { query: 'lantern number', embeddingModel: 'm1', mode: 'vector', limit: 100 })).items.length).toBeGreaterThanOrEqual(all.items.length);
  });

  test('drops what it kept when nobody can be asking for it any more', async () => {
    const kept = async (): Promise<number> => (await sql<{ rows: number }>('SELECT count(*)::int AS rows FROM coding_rule2.memory_kept_embeddings'))[0]?.rows ?? -1;
    expect(await kept()).toBeGreaterThan(0);
    await work();
    expect(await kept()).toBeGreaterThan(0);
    await sql(`UPDATE coding_rule2.embedding_states SET switched_at = clock_timestamp() - interval '2 minutes'`);
    expect(await work()).toBeNull();
    expect(await kept()).toBe(0);
    expect(await sql('SELECT corpus FROM coding_rule2.embedding_states WHERE keeps')).toEqual([]);
  });

  test('that was not brought to its end and is led elsewhere still answers from the first one in full', async () => {
    const all = await find('memories', { query: 'lantern number', mode: 'vector', limit: 100 });
    for (const model of ['m3', 'm4']) {
      await keeper().begin(model);
      let asked = 0;
      endpoint.instead = (response, request) => request.model === model && request.input.some((text) => text.includes('lantern')) && ++asked > 2 && answer(response, 403, {});
      await work();
      embeddings().use(settings);
      const midway = await find('memories', { query: 'lantern number', mode: 'vector', limit: 100 });
      expect(midway.embeddingModel).toBe('m2');
      expect(midway.items.map(({ id }) => id).sort()).toEqual(all.items.map(({ id }) => id).sort());
    }
  });

  test('leaves nothing of a memory, or of a session, that is forgotten in the middle of it', async () => {
    const [row] = await sql<{ id: string; session: string }>(
      `SELECT m.id, session_id AS session FROM coding_rule2.memory_kept_embeddings k JOIN coding_rule2.memory_inheritance m ON m.id = k.memory_id LIMIT 1`,
    );
    const forgotten = await post(`memories/${row?.id}/forget`, {});
    expect(forgotten.body).toMatchObject({ nothingLeft: true, erased: expect.arrayContaining([{ table: 'memory_kept_embeddings', how: 'deleted', rows: 1 }]) });
    const session = await post(`sessions/${row?.session}/forget`, {});
    const kept = (session.body['erased'] as unknown as { table: string; rows: number }[]).find(({ table }) => table === 'memory_kept_embeddings');
    expect(kept?.rows).toBeGreaterThan(0);
    expect(await sql('SELECT memory_id FROM coding_rule2.memory_kept_embeddings')).toEqual([]);
  });

  test('is told of on /metrics', async () => {
    const scraped = await (await fetch(`${nagaya.service.url}/metrics`)).text();
    expect(scraped).toMatch(/nagaya_reembed_rows\{product="coding_rule2",of="memories"\} \d+/);
    expect(scraped).toMatch(/nagaya_embeddings_missing\{product="coding_rule2",of="conversations"\} \d+/);
    expect(scraped).toMatch(/nagaya_embedding_request_duration_seconds_count\{outcome="refused"\} [1-9]/);
    expect(scraped).not.toContain('sk-');
  });
});
