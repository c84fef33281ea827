import { createHash } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { isWellFormed } from '../../src/auth/api-key-format.js';
import { openTestDatabase } from '../support/database.js';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

const PATH = '/v1/api-keys';
const MEMORIES = '/v1/products/coding_rule2/memories';
/** By then a revoked or expired key has to be refused, on every replica. */
const NOTICED_MS = 5_000;

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const ask = (method: string, path: string, body?: unknown): Promise<Answer> => nagaya.request(method, path, { key: nagaya.keys.operator, body });
const create = (body: object): Promise<Answer> => ask('POST', PATH, { name: 'made', ...body });
const use = async (key: string | undefined, path = MEMORIES): Promise<number> => (await nagaya.request('GET', path, { key: key ?? '' })).status;

describe('making a key', () => {
  test('shows it once: in that answer, and in no other', async () => {
    const answer = await create({ name: 'ci pipeline', productId: 'coding_rule2' });
    const key: string = answer.body['key'] ?? '';
    expect(answer.status).toBe(201);
    expect(key).toMatch(/^ngy_pk_[0-9A-Za-z]{49}$/);
    expect(isWellFormed(key)).toBe(true);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('location')).toBe(`${PATH}/${answer.body['id']}`);
    expect(answer.body).toEqual({
      id: expect.any(String),
      name: 'ci pipeline',
      productId: 'coding_rule2',
      prefix: key.slice(0, 12),
      permissions: ['read', 'write'],
      createdAt: expect.any(String),
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
      key,
    });
    expect(await use(key)).toBe(200);

    const { key: _, ...row } = answer.body as Record<string, unknown>;
    const listed = (await walk<object>(nagaya, PATH, { limit: 2, key: nagaya.keys.operator })).flat();
    expect(listed).toContainEqual(row);
    const text = JSON.stringify(listed);
    expect(text).not.toContain(key.slice(12));
    const hash = createHash('sha256').update(key).digest();
    for (const encoding of ['hex', 'base64'] as const) expect(text).not.toContain(hash.toString(encoding));
    expect(text).not.toMatch(/hash/i);
  });

  test('without a product makes an operator key', async () => {
    const { body } = await create({ productId: null });
    expect(body).toMatchObject({ key: expect.stringMatching(/^ngy_op_[0-9A-Za-z]{49}$/), productId: null });
    expect(await use(body['key'], '/v1/products')).toBe(200);
  });

  test('stores a hash of it and not the key', async () => {
    const key: string = (await create({})).body['key'] ?? '';
    const rows = await nagaya.service.databases.control.query<{ row: string; hash: Buffer }>('SELECT k::text AS row, key_hash AS hash FROM core.api_keys k');
    expect(rows.some((row) => row.hash.equals(createHash('sha256').update(key).digest()))).toBe(true);
    expect(rows.map((row) => row.row).join()).not.toContain(key.slice(12));
  });

  test.each([
    [{ productId: 'no_such' }, '/productId'],
    [{ permissions: [] }, '/permissions'],
    [{ permissions: ['read', 'admin'] }, '/permissions/1'],
    [{ expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt'],
    [{ name: '' }, '/name'],
  ])('with %j is refused', async (body, pointer) => {
    expect(refusal(await create(body))).toEqual([400, 'validation_failed', pointer]);
  });
});

describe('a key stops working', () => {
  /** Asks until the key is refused, for as long as it may take to be noticed. */
  async function refused(key: string): Promise<number> {
    const deadline = performance.now() + NOTICED_MS;
    let status = await use(key);
    while (status === 200 && performance.now() < deadline) {
      await sleep(100);
      status = await use(key);
    }
    return status;
  }

  test('when it is revoked, within 5 seconds although it is in use; the row stays and says when', async () => {
    const { body } = await create({ productId: 'coding_rule2' });
    expect(await use(body['key'])).toBe(200);
    expect((await ask('DELETE', `${PATH}/${body['id']}`)).status).toBe(204);
    expect(await refused(body['key'] ?? '')).toBe(401);
    const rows = (await walk<{ id: string; revokedAt: string }>(nagaya, PATH, { limit: 100, key: nagaya.keys.operator })).flat();
    const revokedAt = rows.find((row) => row.id === body['id'])?.revokedAt;
    expect(revokedAt).toEqual(expect.any(String));
    expect((await ask('DELETE', `${PATH}/${body['id']}`)).status).toBe(204);
    const after = (await walk<{ id: string; revokedAt: string }>(nagaya, PATH, { limit: 100, key: nagaya.keys.operator })).flat();
    expect(after.find((row) => row.id === body['id'])?.revokedAt).toBe(revokedAt);
  });

  test('when it expires', async () => {
    const { body } = await create({ productId: 'coding_rule2', expiresAt: new Date(Date.now() + 3_600_000).toISOString() });
    expect(await use(body['key'])).toBe(200);
    await nagaya.service.databases.control.query('UPDATE core.api_keys SET expires_at = clock_timestamp() WHERE id = $1', [body['id']]);
    expect(await refused(body['key'] ?? '')).toBe(401);
  });

  test('and one that is not there answers 404', async () => {
    expect(refusal(await ask('DELETE', `${PATH}/0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e`))).toEqual([404, 'not_found']);
  });
});

describe('permissions', () => {
  test('a key that may only read reads and searches, and does not write', async () => {
    const key = nagaya.keys.readOnly;
    const embedding = Array.from({ length: 1536 }, (_, n) => n);
    expect((await nagaya.request('GET', MEMORIES, { key })).status).toBe(200);
    expect((await nagaya.request('POST', '/v1/products/coding_rule2/conversations/search', { key, body: { embedding } })).status).toBe(200);
    const writes: [string, string][] = [
      ['POST', MEMORIES],
      ['DELETE', `${MEMORIES}/0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e`],
      ['PUT', '/v1/products/coding_rule2/mistake-patterns/x'],
      ['POST', '/v1/products/coding_rule2/events'],
    ];
    for (const [method, path] of writes) {
      const answer = await nagaya.request(method, path, { key, ...(method !== 'DELETE' && { body: {} }) });
      expect({ method, path, refusal: refusal(answer) }).toEqual({ method, path, refusal: [403, 'forbidden'] });
    }
  });

  test('a key that may only write writes, and does not read or search', async () => {
    const { body } = await create({ productId: 'coding_rule2', permissions: ['write'] });
    const key = body['key'];
    expect((await nagaya.request('POST', MEMORIES, { key, body: { sessionId: 's', memoryType: 't', memoryContent: {} } })).status).toBe(201);
    expect(refusal(await nagaya.request('GET', MEMORIES, { key }))).toEqual([403, 'forbidden']);
    expect(refusal(await nagaya.request('POST', '/v1/products/coding_rule2/conversations/search', { key, body: {} }))).toEqual([403, 'forbidden']);
  });

  test('an operator key that may only read changes nothing', async () => {
    const { body } = await create({ permissions: ['read', 'read'] });
    expect(body['permissions']).toEqual(['read']);
    expect(await use(body['key'], '/v1/products')).toBe(200);
    expect(refusal(await nagaya.request('POST', PATH, { key: body['key'], body: { name: 'escalated' } }))).toEqual([403, 'forbidden']);
    expect(refusal(await nagaya.request('POST', '/v1/products/coding_rule2/suspend', { key: body['key'] }))).toEqual([403, 'forbidden']);
  });
});

test('the list filters by product, newest first, every row once', async () => {
  for (let n = 0; n < 5; n++) await create({ name: `listed ${n}`, productId: 'tea_house' });
  for (const limit of [1, 100]) {
    const rows = (await walk<{ name: string }>(nagaya, `${PATH}?productId=tea_house`, { limit, key: nagaya.keys.operator })).flat();
    expect(rows.map((row) => row.name)).toEqual(['listed 4', 'listed 3', 'listed 2', 'listed 1', 'listed 0', 'test']);
  }
});

test('when a key was last used is known, at the latest when the service has stopped', async () => {
  const own = await startTestService();
  try {
    expect((await own.request('GET', MEMORIES)).status).toBe(200);
    await own.service.close();
    const database = await openTestDatabase(own.database);
    try {
      const rows = await database.databases.control.query(`SELECT product_id, permissions, last_used_at IS NOT NULL AS used FROM core.api_keys ORDER BY created_at, id`);
      expect(rows).toEqual([
        { product_id: null, permissions: ['read', 'write'], used: false },
        { product_id: 'coding_rule2', permissions: ['read', 'write'], used: true },
        { product_id: 'tea_house', permissions: ['read', 'write'], used: false },
        { product_id: 'coding_rule2', permissions: ['read'], used: false },
      ]);
    } finally {
      await database.close();
    }
  } finally {
    await own.database.drop();
  }
});
