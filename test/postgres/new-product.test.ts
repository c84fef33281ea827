import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { GENERATED_PRODUCT } from '../support/postgres-server.js';
import { environmentOf, nagaya, ROOT, serve, type Served } from '../support/process.js';
import { copyCheckout, type Checkout } from './support/checkout.js';
import { fingerprintOf } from './support/fingerprint.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

// What docs/add-a-product.md tells, done: in a copy of the project, on a database where coding_rule2 lives already.

const PATH = `/v1/products/${GENERATED_PRODUCT}/reading-notes`;
const FIELDS = ['title:text:200', 'source_url:text:optional', 'importance:one_of:low,normal,high', 'pages:integer:optional', 'readAt:instant', 'order:json:optional'];
const LIMITS = ['--max-rows', '100000', '--keep-days', '400', '--alert', 'record-count-low=2'];
const BACKUP_SECRET = process.env['NAGAYA_BACKUP_SECRET'] ?? 'a backup secret that is only good for tests';
/** A compiler, a linter and a look at every import, on a machine that may have other work. */
const WHOLE_BUILD_MS = 600_000;
const EXAMPLE = { title: '長屋', sourceUrl: null, importance: 'high', pages: 7, readAt: '2026-11-24T09:00:00.000Z', order: { by: 'hand' } };

let checkout: Checkout;
let database: TestDatabase;
let env: Record<string, string>;
let neighbour: unknown;
let backups: string;
beforeAll(async () => {
  [checkout, database] = await Promise.all([copyCheckout(), createTestDatabase()]);
  backups = await mkdtemp(join(tmpdir(), 'nagaya-backups-'));
  env = { ...environmentOf(database), NAGAYA_BACKUP_SECRET: BACKUP_SECRET, NAGAYA_BACKUP_TO: backups };
  await superuserRows(database.name, `INSERT INTO coding_rule2.mistake_patterns (pattern_type, pattern_description, pattern_data) VALUES ('kept', 'as it is', '{}')`);
  neighbour = await neighbourNow();
});
afterAll(async () => {
  await database.drop();
  await checkout.remove();
  await rm(backups, { recursive: true, force: true });
});

/** coding_rule2's schema, rows and history. */
const neighbourNow = async () => ({
  schema: await fingerprintOf(database.name, 'coding_rule2'),
  rows: await superuserRows(database.name, 'SELECT to_jsonb(p) FROM coding_rule2.mistake_patterns p'),
  history: await superuserRows(database.name, 'SELECT * FROM coding_rule2.migrations ORDER BY id'),
});

test('product:new writes a product that passes every check of the house', async () => {
  const options = ['--title', 'Future Product', '--table', 'reading_notes', '--field', ...FIELDS, ...LIMITS];
  const { scripts } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> };
  expect(scripts['product:new']).toBe('npm run --silent nagaya -- product new');
  const printed = await checkout.run(process.execPath, join(ROOT, 'dist/src/cli.js'), 'product', 'new', GENERATED_PRODUCT, ...options, '--json');
  expect(JSON.parse(printed)).toMatchObject({ id: GENERATED_PRODUCT, path: PATH });
  await checkout.run(process.execPath, 'scripts/build.mjs');
  const written = ['src/products', `migrations/${GENERATED_PRODUCT}`];
  await checkout.run('npx', 'oxlint', '--type-aware', '--deny-warnings', ...written, 'test/e2e/future-product.e2e.test.ts');
  await checkout.run(process.execPath, 'scripts/write-fingerprints.mjs', GENERATED_PRODUCT);
  // What the next build does; it would compile everything once more.
  await copyFile(join(checkout.root, `migrations/${GENERATED_PRODUCT}/fingerprint.json`), join(checkout.root, `dist/migrations/${GENERATED_PRODUCT}/fingerprint.json`));
  // The copy's packages stand elsewhere, so links are taken for what they stand for.
  await checkout.run('npx', 'depcruise', '--preserve-symlinks', '--config', '.dependency-cruiser.cjs', ...written);
}, WHOLE_BUILD_MS);

test('a second one of the same name is refused, and changes nothing', async () => {
  const list = await readFile(join(checkout.root, 'src/products/index.ts'), 'utf8');
  await expect(checkout.run(process.execPath, join(ROOT, 'dist/src/cli.js'), 'product', 'new', GENERATED_PRODUCT)).rejects.toThrow('There is a product "future_product" already');
  expect(await readFile(join(checkout.root, 'src/products/index.ts'), 'utf8')).toBe(list);
});

describe('migrated and served', () => {
  let served: Served;
  let key: string;
  beforeAll(async () => {
    const migrated = await nagaya(['migrate', '--json'], env, checkout.root);
    if (migrated.status !== 0) throw new Error(migrated.stderr);
    const made = await nagaya(['key', 'create', '--product', GENERATED_PRODUCT, '--json'], env, checkout.root);
    key = (JSON.parse(made.stdout) as { key: string }).key;
    const { NAGAYA_BACKUP_SECRET: _, ...serving } = env;
    served = await serve(serving, checkout.root);
  });
  afterAll(() => served.end('SIGTERM'));

  const ask = async (method: string, path: string, body?: object, headers: object = {}) => {
    const json = body !== undefined && { 'content-type': 'application/json' };
    const answer = await fetch(served.url + path, { method, headers: { authorization: `Bearer ${key}`, ...json, ...headers }, ...(body && { body: JSON.stringify(body) }) });
    const text = await answer.text();
    return { status: answer.status, type: answer.headers.get('content-type'), location: answer.headers.get('location'), body: (text === '' ? null : JSON.parse(text)) as Record<string, unknown> };
  };

  test('entities and migration say the same', async () => {
    // With TypeORM's own command, as npm run migrations:check does for every schema.
    const check = `${checkout.root}/node_modules/typeorm/cli.js`;
    const child = await checkout.run('env', ...Object.entries(env).map(([name, value]) => `${name}=${value}`), `SCHEMA=${GENERATED_PRODUCT}`, process.execPath, '--import', 'tsx', check, '-d', 'ormconfig.ts', 'migration:generate', '--check', 'nothing');
    expect(child).toContain('No changes in database schema were found');
  });

  test('every schema is what its migrations make, the new one too', async () => {
    const { schemas } = JSON.parse((await nagaya(['status', '--json'], env, checkout.root)).stdout) as { schemas: { schema: string; drift: string; ready: boolean }[] };
    expect(schemas.map(({ schema, drift, ready }) => [schema, drift, ready])).toEqual(['core', 'monitoring', 'coding_rule2', GENERATED_PRODUCT].map((schema) => [schema, 'in_step', true]));
  });

  test('its operations behave as those of every product', async () => {
    const { sourceUrl: _, ...sent } = EXAMPLE;
    const created = await ask('POST', PATH, sent, { 'idempotency-key': 'one' });
    expect(created).toMatchObject({ status: 201, location: `${PATH}/${String(created.body['id'])}`, body: { ...EXAMPLE } });
    expect((await ask('POST', PATH, sent, { 'idempotency-key': 'one' })).body).toEqual(created.body);
    expect((await ask('POST', PATH, { ...sent, pages: 8 }, { 'idempotency-key': 'one' })).body).toMatchObject({ code: 'idempotency_key_reused' });
    const second = await ask('POST', PATH, { ...sent, importance: 'low' });
    const first = await ask('GET', `${PATH}?limit=1`);
    expect(first.body['items']).toEqual([second.body]);
    expect((await ask('GET', `${PATH}?limit=1&cursor=${String(first.body['nextCursor'])}`)).body).toEqual({ items: [created.body], nextCursor: null });
    expect((await ask('GET', `${PATH}?importance=high`)).body).toEqual({ items: [created.body], nextCursor: null });
    expect(await ask('POST', PATH, { ...sent, importance: 'huge', more: 1 })).toMatchObject({ status: 400, type: expect.stringContaining('application/problem+json'), body: { code: 'validation_failed', errors: [{ pointer: '/importance' }, { pointer: '/more' }] } });
    expect((await ask('DELETE', `${PATH}/${String(second.body['id'])}`)).status).toBe(204);
    expect((await ask('GET', `${PATH}/${String(second.body['id'])}`)).status).toBe(404);
    expect((await ask('GET', '/v1/products/coding_rule2/mistake-patterns')).status).toBe(404);
    expect((await ask('POST', `/v1/products/${GENERATED_PRODUCT}/events`, { eventType: 'opened', eventData: {} })).status).toBe(201);
  });

  test('they stand in the document, with examples that can be sent', async () => {
    const document = (await ask('GET', '/openapi.json')).body as { paths: Record<string, object>; components: { schemas: Record<string, { properties: Record<string, { example?: unknown }> }> }; tags: { name: string }[] };
    expect(Object.keys(document.paths[PATH] ?? {})).toEqual(['post', 'get']);
    expect(Object.keys(document.paths[`${PATH}/{id}`] ?? {})).toEqual(['get', 'delete']);
    expect(document.tags.map((tag) => tag.name)).toContain('Reading notes');
    const { properties } = document.components.schemas['CreateReadingNote'] ?? { properties: {} };
    const sent = Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, property.example]));
    expect((await ask('POST', PATH, sent)).status).toBe(201);
  });

  test('it is looked after as every product is: health, quota, backup', async () => {
    await until(async () => (await ask('GET', `/v1/products/${GENERATED_PRODUCT}/health`)).status === 200);
    expect((await ask('GET', `/v1/products/${GENERATED_PRODUCT}/health`)).body).toMatchObject({ productId: GENERATED_PRODUCT, tableCount: 1, checkedAt: expect.any(String) });
    expect((await ask('GET', `/v1/products/${GENERATED_PRODUCT}/quota`)).body).toMatchObject({ maxRows: 100_000, maxBytes: null, state: 'ok' });
    const verb = async (...args: string[]) => JSON.parse((await nagaya([...args, '--json'], env, checkout.root)).stdout) as { id: string; status: string; items: object[] };
    const made = await verb('backup', 'create', '--schema', GENERATED_PRODUCT);
    expect((await verb('backup', 'list')).items).toMatchObject([{ id: made.id, schema: GENERATED_PRODUCT }]);
  });

  test('retired again it leaves nothing behind', async () => {
    const verb = async (...args: string[]) => {
      const ended = await nagaya(['product', ...args, GENERATED_PRODUCT, '--json'], env, checkout.root);
      return { status: ended.status, printed: ended.stdout === '' ? ended.stderr : (JSON.parse(ended.stdout) as unknown) };
    };
    expect(await verb('archive', '--grace-days', '0')).toMatchObject({ status: 0, printed: { status: 'archived' } });
    await until(async () => (await ask('GET', PATH)).body['code'] === 'product_archived');
    expect(await verb('drop')).toMatchObject({ status: 2, printed: expect.stringContaining('--confirm') });
    expect(await verb('drop', '--confirm')).toMatchObject({ status: 0, printed: { dropped: true, roleDropped: true } });
    expect(await superuserRows(database.name, `SELECT nspname FROM pg_namespace WHERE nspname LIKE '%${GENERATED_PRODUCT}'`)).toEqual([]);
    expect((await superuserRows(database.name, `SELECT action FROM core.audit_log WHERE target = '${GENERATED_PRODUCT}' ORDER BY occurred_at`)).map((line) => line['action'])).toEqual(['product archive', 'product drop']);
  });

  test('its neighbour is untouched: schema, rows and history', async () => {
    expect(await neighbourNow()).toEqual(neighbour);
  });
});
