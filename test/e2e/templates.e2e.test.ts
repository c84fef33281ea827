import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refusal } from '../support/problem.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { walk } from '../support/walk.js';

interface Template {
  id: string;
  templateType: string;
  version: string;
  isActive: boolean;
}

const PATH = '/v1/template-configs';

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(() => nagaya.stop());

const ask = (method: string, path: string, body?: unknown): Promise<Answer> => nagaya.request(method, path, { key: nagaya.keys.operator, body });
const create = (templateType: string, version: string, isActive?: boolean): Promise<Answer> => ask('POST', PATH, { templateType, version, configData: { v: version }, isActive });
const activate = (id: unknown): Promise<Answer> => ask('POST', `${PATH}/${String(id)}/activate`);
const listed = async (templateType: string, limit = 100): Promise<Template[]> =>
  (await walk<Template>(nagaya, `${PATH}?templateType=${encodeURIComponent(templateType)}`, { limit, key: nagaya.keys.operator })).flat();
const activeVersions = async (templateType: string) => (await listed(templateType)).filter((row) => row.isActive).map((row) => row.version);
/** What a product reads. */
const seen = (templateType: string, product = 'coding_rule2', key = nagaya.keys.codingRule2): Promise<Answer> =>
  nagaya.request('GET', `/v1/products/${product}/templates/${encodeURIComponent(templateType)}`, { key });

describe('adding a template', () => {
  test('answers 201 with the row and its address; it is active unless said otherwise', async () => {
    const answer = await create('code-review', '1');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${PATH}/${answer.body['id']}`);
    expect(answer.body).toEqual({ id: expect.any(String), templateType: 'code-review', version: '1', configData: { v: '1' }, isActive: true, createdAt: expect.any(String) });
    expect((await ask('GET', `${PATH}/${answer.body['id']}`)).body).toEqual(answer.body);
  });

  test('that is active takes the place of the one before; one that is not leaves it', async () => {
    await create('successive', '1');
    await create('successive', '2');
    expect(await activeVersions('successive')).toEqual(['2']);
    expect((await create('successive', '3', false)).body).toMatchObject({ isActive: false });
    expect(await activeVersions('successive')).toEqual(['2']);
  });

  test('of a version that is there is a conflict, and the active one stays active', async () => {
    await create('conflicting', '1', false);
    await create('conflicting', '2');
    expect(refusal(await create('conflicting', '1'))).toEqual([409, 'conflict']);
    expect(await activeVersions('conflicting')).toEqual(['2']);
  });

  test('twenty at once leaves exactly one active', async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, (_, n) => create('created at once', String(n))));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 201));
    expect(await activeVersions('created at once')).toHaveLength(1);
  });
});

describe('activating a template', () => {
  test('makes it the one that products read, and the other one step down', async () => {
    const { body: first } = await create('switched', '1');
    await create('switched', '2');
    expect((await seen('switched')).body).toMatchObject({ version: '2' });
    const answer = await activate(first['id']);
    expect([answer.status, answer.body]).toEqual([200, { ...first, isActive: true }]);
    expect((await seen('switched')).body).toEqual(answer.body);
    expect(await activeVersions('switched')).toEqual(['1']);
    expect((await activate(first['id'])).body).toEqual(answer.body);
  });

  test('twenty times at once, each another version, leaves exactly one active, and none of another type touched', async () => {
    await create('bystander', '1');
    const ids = [];
    for (let n = 0; n < 20; n++) ids.push((await create('raced', String(n), false)).body['id']);
    expect(await activeVersions('raced')).toEqual([]);
    const answers = await Promise.all(ids.map((id) => activate(id)));
    expect(answers.map((answer) => answer.status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await activeVersions('raced')).toHaveLength(1);
    expect(await activeVersions('bystander')).toEqual(['1']);
  });

  test('that is not there answers 404, and what is no id 400', async () => {
    expect(refusal(await activate('0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e'))).toEqual([404, 'not_found']);
    expect(refusal(await activate('1'))).toEqual([400, 'validation_failed', '/path/id']);
  });
});

describe('a product', () => {
  test('reads the active version, as its neighbour does, and no other', async () => {
    await create('共通の雛形', '1', false);
    expect(refusal(await seen('共通の雛形'))).toEqual([404, 'not_found']);
    const { body } = await create('共通の雛形', '2');
    expect((await seen('共通の雛形')).body).toEqual(body);
    expect((await seen('共通の雛形', 'tea_house', nagaya.keys.teaHouse)).body).toEqual(body);
    expect(refusal(await seen('unheard-of'))).toEqual([404, 'not_found']);
  });

  test('its login sees none but the active ones', async () => {
    const rows = await nagaya.service.databases.product('coding_rule2').query<{ active: boolean }>('SELECT DISTINCT is_active AS active FROM core.template_config');
    expect(rows).toEqual([{ active: true }]);
  });
});

test('the list filters by type, newest first, every row once', async () => {
  for (let n = 0; n < 9; n++) await create('listed', String(n), false);
  for (const limit of [1, 4, 100]) expect((await listed('listed', limit)).map((row) => row.version)).toEqual(['8', '7', '6', '5', '4', '3', '2', '1', '0']);
});
