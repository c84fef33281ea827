import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

interface AiSystem {
  id: string;
  systemType: string;
  version: string;
  productId: string | null;
}

const PATH = '/v1/ai-systems';
const NOBODYS = '0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e';

let nagaya: TestService;
let kept = 0;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const ask = (method: string, path: string, body?: unknown): Promise<Answer> => nagaya.request(method, path, { key: nagaya.keys.operator, body });
const register = (systemType: string, version: string, more: object = {}): Promise<Answer> => ask('POST', PATH, { systemType, version, config: { model: 'small' }, ...more });
const listed = async (query: string, limit = 100): Promise<AiSystem[]> => (await walk<AiSystem>(nagaya, `${PATH}?${query}`, { limit, key: nagaya.keys.operator })).flat();

describe('registering', () => {
  test('answers 201 with the row and its address', async () => {
    const answer = await register('coding-assistant', '2.1.0', { productId: 'coding_rule2' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${PATH}/${answer.body['id']}`);
    expect(answer.body).toEqual({ id: expect.any(String), systemType: 'coding-assistant', version: '2.1.0', config: { model: 'small' }, productId: 'coding_rule2', createdAt: expect.any(String) });
    expect((await ask('GET', `${PATH}/${answer.body['id']}`)).body).toEqual(answer.body);
  });

  test('without a product belongs to none', async () => {
    expect((await register('none', '1')).body).toMatchObject({ productId: null });
    expect((await register('none', '2', { productId: null })).body).toMatchObject({ productId: null });
  });

  test('to a product that is none is refused, and nothing is kept', async () => {
    for (const productId of ['tea_huose', 'TEA_HOUSE', 'core']) expect(refusal(await register('nowhere', '1', { productId }))).toEqual([400, 'validation_failed', '/productId']);
    expect(await listed('systemType=nowhere')).toEqual([]);
  });

  test('the same kind and version twice is a conflict, also when both come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => register('twice', '1')));
    expect(answers.map((answer) => answer.status).sort((a, b) => a - b)).toEqual([201, ...Array.from({ length: 9 }, () => 409)]);
    expect(refusal(await register('twice', '1'))).toEqual([409, 'conflict']);
    expect((await register('twice', '2')).status).toBe(201);
    expect(await listed('systemType=twice')).toHaveLength(2);
  });
});

describe('changing', () => {
  test('touches what is named and nothing else', async () => {
    const { body } = await register('changed', '1', { productId: 'coding_rule2' });
    const path = `${PATH}/${body['id']}`;
    const config = await ask('PATCH', path, { config: { model: 'large', nested: { a: null } } });
    expect([config.status, config.body]).toEqual([200, { ...body, config: { model: 'large', nested: { a: null } } }]);
    const version = await ask('PATCH', path, { version: '2', systemType: 'renamed' });
    expect(version.body).toEqual({ ...config.body, version: '2', systemType: 'renamed' });
    expect((await ask('GET', path)).body).toEqual(version.body);
  });

  test('with productId null takes it out of its product; without productId leaves it there', async () => {
    const { body } = await register('moved', '1', { productId: 'coding_rule2' });
    const path = `${PATH}/${body['id']}`;
    expect((await ask('PATCH', path, { version: '1.1' })).body).toMatchObject({ productId: 'coding_rule2' });
    expect((await ask('PATCH', path, { productId: null })).body).toMatchObject({ productId: null, version: '1.1' });
    expect((await ask('PATCH', path, { productId: 'tea_house' })).body).toMatchObject({ productId: 'tea_house' });
  });

  test('into what is registered already is a conflict and changes nothing', async () => {
    await register('taken', '1');
    const { body } = await register('taken', '2');
    expect(refusal(await ask('PATCH', `${PATH}/${body['id']}`, { version: '1', config: {} }))).toEqual([409, 'conflict']);
    expect((await ask('GET', `${PATH}/${body['id']}`)).body).toEqual(body);
  });

  test.each([
    [{}, ''],
    [{ version: null }, '/version'],
    [{ config: null }, '/config'],
    [{ systemType: '' }, '/systemType'],
    [{ version: '3', productId: 'tea_huose' }, '/productId'],
    [{ createdAt: '2026-01-01T00:00:00Z' }, '/createdAt'],
    [{ id: NOBODYS }, '/id'],
  ])('refuses %j', async (changes, pointer) => {
    const { body } = await register('kept', `${++kept}`);
    expect(refusal(await ask('PATCH', `${PATH}/${body['id']}`, changes))).toEqual([400, 'validation_failed', pointer]);
    expect((await ask('GET', `${PATH}/${body['id']}`)).body).toEqual(body);
  });
});

test('removing answers 204 once, then 404', async () => {
  const { body } = await register('removed', '1');
  const path = `${PATH}/${body['id']}`;
  expect((await ask('DELETE', path)).status).toBe(204);
  for (const method of ['DELETE', 'GET']) expect((await ask(method, path)).status).toBe(404);
  expect((await ask('PATCH', path, { version: '2' })).status).toBe(404);
  expect((await register('removed', '1')).status).toBe(201);
});

test.each(['GET', 'DELETE'])('%s of an id that nobody has answers 404', async (method) => {
  expect((await ask(method, `${PATH}/${NOBODYS}`)).status).toBe(404);
});

describe('listing', () => {
  test('filters by kind and by product, newest first, every row once', async () => {
    for (let n = 0; n < 11; n++) await register('listed', String(n), { productId: n % 2 === 0 ? 'tea_house' : 'coding_rule2' });
    const versions = (rows: AiSystem[]) => rows.map((row) => Number(row.version));
    for (const limit of [1, 4, 100]) expect(versions(await listed('systemType=listed', limit))).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    expect(versions(await listed('systemType=listed&productId=tea_house', 2))).toEqual([10, 8, 6, 4, 2, 0]);
    expect((await listed('productId=tea_house')).every((row) => row.productId === 'tea_house')).toBe(true);
    expect(await listed('systemType=nothing')).toEqual([]);
  });
});
