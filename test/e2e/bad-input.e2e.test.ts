import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { markOf } from '../../src/http/own-cursors.js';
import { addressOf, exampleOf, operationsOf, readDocument, resolve, type Operation, type Schema } from '../support/operations.js';
import { pointersOf, refusal } from '../support/problem.js';
import { typesOf } from '../support/schema-check.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';

type Body = Record<string, unknown>;
/** What is wrong with a body, and where the answer has to say so. */
interface Mistake {
  what: string;
  body: unknown;
  pointer: string;
}

let nagaya: TestService;
let document: OpenAPIObject;
/** Every operation that takes a body. */
let operations: Operation[];
const ids: Record<string, string> = {};
/** An id that no row has: a body is judged before its row is looked for. */
const NOWHERE = '01a20b37-e0e5-73af-abc6-743f2f6b1daf';

beforeAll(async () => {
  nagaya = await startTestService();
  document = await readDocument(nagaya);
  operations = operationsOf(document).filter(({ body, path }) => body !== undefined && !path.startsWith('/v1/products/tea_house/'));
  const system = await send('POST', '/v1/ai-systems', { systemType: 's', version: '1', config: {} });
  ids['/v1/ai-systems/{id}'] = system.body['id'] ?? '';
});
afterAll(() => nagaya.stop());

const send = (method: string, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  nagaya.request(method, path, { key: nagaya.keys.operator, body, headers });
const place = (operation: Operation) => addressOf(operation, { id: ids[operation.path] ?? NOWHERE, productId: 'coding_rule2' });
const named = ({ method, path }: Operation) => `${method} ${path}`;

/** Every row that a request could write, but for the operators' log, which is written beforehand. */
async function written(): Promise<unknown> {
  const tables = {
    control: ['core.products', 'core.api_keys', 'core.ai_systems', 'core.template_config', 'core.monitoring_events', 'core.idempotency_records', 'monitoring.performance_metrics', 'monitoring.worker_status'],
    product: ['conversation_context', 'mistake_patterns', 'mistake_occurrences', 'constitutional_violations', 'memory_inheritance', 'inheritance_bundles', 'inheritance_items'],
  };
  const counts = async (login: 'control' | 'product', names: readonly string[]) => {
    const { databases } = nagaya.service;
    const database = login === 'control' ? databases.control : databases.product('coding_rule2');
    // What stands in a row counts too: a change is as bad as a new row.
    return database.query(names.map((name) => `SELECT '${name}' AS name, count(*)::int AS rows, md5(string_agg((to_jsonb(t) - 'last_used_at')::text, '' ORDER BY t::text)) AS content FROM ${name} t`).join(' UNION ALL ') + ' ORDER BY name');
  };
  return [await counts('control', tables.control), await counts('product', tables.product)];
}

async function expectNothingWritten(requests: () => Promise<void>): Promise<void> {
  const before = await written();
  await requests();
  expect(await written()).toEqual(before);
}

async function expectRefused(operation: Operation, { what, body, pointer }: Mistake): Promise<void> {
  const answer = await send(operation.method, place(operation), body);
  const seen = { operation: named(operation), what, type: answer.headers.get('content-type')?.split(';')[0], status: answer.status, code: answer.body['code'], pointers: pointersOf(answer) };
  expect(seen).toEqual({ ...seen, type: 'application/problem+json', status: 400, code: 'validation_failed', pointers: expect.arrayContaining([pointer]) });
}

const WRONG: Record<string, unknown[]> = {
  string: [5, true, {}, []],
  integer: ['5', 1.5, true, {}],
  number: ['5', true, {}],
  boolean: ['true', 1, {}],
  object: ['x', [], 5],
  array: ['x', {}, 5],
};

/** All that can be wrong with one property of a body. */
function mistakesOf(name: string, given: Schema, isRequired: boolean, valid: Body, at: string): Mistake[] {
  const schema = resolve(document, given);
  const choices = schema.anyOf ?? schema.oneOf ?? [schema];
  const types = choices.flatMap((choice) => (choice.oneOf ?? [choice]).flatMap(typesOf));
  const isNullable = types.includes('null');
  const kinds = types.filter((type) => type !== 'null');
  // Where several kinds are taken, what is wrong for all of them: an object.
  const values = kinds.length === 1 ? (WRONG[kinds[0] ?? ''] ?? []) : [{}, true];
  const { [name]: _, ...without } = valid;
  return [
    ...(isRequired ? [{ what: `${name} missing`, body: without, pointer: `${at}/${name}` }] : []),
    ...(isNullable ? [] : [{ what: `${name} null`, body: { ...valid, [name]: null }, pointer: `${at}/${name}` }]),
    ...values.map((value) => ({ what: `${name} = ${JSON.stringify(value)}`, body: { ...valid, [name]: value }, pointer: `${at}/${name}` })),
    ...(schema.enum === undefined ? [] : [{ what: `${name} none of its words`, body: { ...valid, [name]: 'no such word' }, pointer: `${at}/${name}` }]),
  ];
}

function mistakes(schema: Schema, valid: Body, at = ''): Mistake[] {
  const { properties = {}, required = [] } = resolve(document, schema);
  return [
    ...Object.entries(properties).flatMap(([name, property]) => mistakesOf(name, property, required.includes(name), valid, at)),
    { what: 'an unknown property', body: { ...valid, zzz: 1 }, pointer: `${at}/zzz` },
    { what: 'a property in other letters', body: { ...valid, ...Object.fromEntries(Object.entries(valid).slice(0, 1).map(([name, value]) => [name.toUpperCase(), value])) }, pointer: `${at}/${Object.keys(valid)[0]?.toUpperCase()}` },
  ];
}

describe('every operation that takes a body refuses, says where, and writes nothing of', () => {
  test('a property that is missing, unknown, null or of the wrong kind', () =>
    expectNothingWritten(async () => {
      expect(operations.length).toBeGreaterThan(12);
      for (const operation of operations) {
        const schema = operation.body ?? {};
        const valid = exampleOf(document, schema) as Body;
        const all = mistakes(schema, valid).filter(({ body }) => Object.keys(body as Body).length > 0 || operation.method !== 'PATCH');
        for (const mistake of all) await expectRefused(operation, mistake);
      }
    }));

  test('an item of a batch with such a property: its number is in the place', () =>
    expectNothingWritten(async () => {
      const batches = operations.filter((operation) => operation.path.endsWith('/batch'));
      expect(batches).toHaveLength(3);
      for (const operation of batches) {
        const { items } = exampleOf(document, operation.body ?? {}) as { items: Body[] };
        const item = items[0] ?? {};
        const list = resolve(document, operation.body ?? {}).properties?.['items'];
        const good = { ...item, ...('timestamp' in item && { timestamp: new Date().toISOString() }) };
        for (const { what, body, pointer } of mistakes(list?.items ?? {}, good, '/items/2')) {
          await expectRefused(operation, { what, body: { items: [good, good, body, good] }, pointer });
        }
        for (const wrong of [null, 'text', 5, []]) await expectRefused(operation, { what: 'no object', body: { items: [good, wrong] }, pointer: '/items/1' });
      }
    }));

  test('a body that is no JSON object', () =>
    expectNothingWritten(async () => {
      const bodies = ['null', '[]', '"text"', '5', 'true'];
      for (const operation of operations) {
        for (const body of operation.bodyRequired ? ['', ...bodies] : bodies) await expectRefused(operation, { what: body, body, pointer: '' });
      }
    }));

  test('a body that is broken', () =>
    expectNothingWritten(async () => {
      const deep = (levels: number) => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
      const bodies = ['{', '{"a":}', '{"a":1}}', "{'a':1}", '{"a":NaN}', 'undefined', '{"a":1,}', deep(65), `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`];
      for (const operation of operations) {
        for (const body of bodies) {
          const answer = await send(operation.method, place(operation), body);
          expect({ operation: named(operation), body: body.slice(0, 20), refusal: refusal(answer).slice(0, 2) }).toMatchObject({ refusal: [400, 'validation_failed'] });
        }
      }
    }));

  test('a text that no table could hold, however deep it stands and also as a name', () =>
    expectNothingWritten(async () => {
      for (const operation of operations) {
        const valid = JSON.stringify(exampleOf(document, operation.body ?? {}));
        const withText = (json: string) => `{"zzz":${json},${valid.slice(1)}`;
        const cases: [string, string][] = [
          [withText('"a\\u0000b"'), '/zzz'],
          [withText('"\\ud800"'), '/zzz'],
          [withText('[{"b":["\\udc00\\ud800"]}]'), '/zzz/0/b/0'],
          [withText('{"a\\u0000":1}'), '/zzz/a\0'],
          [withText('1e999'), '/zzz'],
          [withText('{"__proto__":{"isAdmin":true}}'), '/zzz/__proto__'],
          [`{"__proto__":{"name":"x"},${valid.slice(1)}`, '/__proto__'],
          [withText('{"\\u005f_proto__":1}'), '/zzz/__proto__'],
          [withText('{"constructor":{"prototype":{}}}'), '/zzz/constructor'],
        ];
        for (const [body, pointer] of cases) await expectRefused(operation, { what: body.slice(0, 40), body, pointer });
      }
      expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
    }));

  test('bytes that are not UTF-8, another charset, a compressed body', () =>
    expectNothingWritten(async () => {
      for (const operation of operations) {
        const url = nagaya.service.url + place(operation);
        const raw = (body: Buffer, headers: Record<string, string>) =>
          fetch(url, { method: operation.method, body, headers: { authorization: `Bearer ${nagaya.keys.operator}`, 'content-type': 'application/json', ...headers } });
        expect((await raw(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {})).status).toBe(400);
        expect((await raw(Buffer.from('{}'), { 'content-type': 'application/json; charset=shift_jis' })).status).toBe(400);
        expect((await raw(Buffer.from('{}'), { 'content-encoding': 'gzip' })).status).toBe(415);
      }
    }));

  test('another media type', () =>
    expectNothingWritten(async () => {
      for (const operation of operations) {
        for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/xml', 'application/jsonx', 'nonsense']) {
          const answer = await send(operation.method, place(operation), '{}', { 'content-type': type });
          expect({ operation: named(operation), type, refusal: refusal(answer) }).toEqual({ operation: named(operation), type, refusal: [415, 'unsupported_media_type'] });
        }
      }
    }));
});

describe('every list refuses', () => {
  const lists = () => operationsOf(document).filter((operation) => operation.method === 'GET' && ['cursor', 'limit'].every((name) => operation.parameters.some((parameter) => parameter.name === name)));
  const asked = (operation: Operation, query: string) => nagaya.request('GET', `${place(operation)}?${query}`, { key: nagaya.keys.operator });
  const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const ID = '0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e';

  test('a cursor that no list has answered', async () => {
    expect(lists().length).toBeGreaterThanOrEqual(10);
    const cursors = ['x', '', '%00', encoded(null), encoded({}), encoded(['2026-01-01 00:00:00+00']), encoded(['2026-01-01', ID, 'more']), encoded(["' OR 1=1 --", ID]), encoded([1, ID]), encoded(['\0', ID]), encoded(['2026-01-01 00:00:00+00', 'no id']), 'x'.repeat(1_001)];
    for (const operation of lists()) {
      // By name: any text is a place in these.
      if (['/v1/products', '/v1/schema-health'].includes(operation.path)) continue;
      // Also behind the mark that is this list's own.
      for (const cursor of cursors.flatMap((each) => [each, markOf(place(operation)) + each])) {
        expect({ path: operation.path, cursor, refusal: refusal(await asked(operation, `cursor=${cursor}`)) }).toEqual({ path: operation.path, cursor, refusal: [400, 'validation_failed', '/query/cursor'] });
      }
      // Its pattern is looked for first, and there is none.
      if (operation.path.includes('{patternType}')) continue;
      // Of the right shape, but no moment that there is.
      expect({ path: operation.path, status: (await asked(operation, `cursor=${markOf(place(operation))}${encoded(['2026-99-99 99:99:99+00', ID])}`)).status }).toEqual({ path: operation.path, status: 400 });
    }
  });

  test('a cursor of another list, though its places look the same', async () => {
    const [first, ...others] = lists();
    const cursorOf = (operation: Operation) => markOf(place(operation)) + encoded(['2026-01-01 00:00:00+00', ID]);
    for (const operation of others) {
      expect({ path: operation.path, refusal: refusal(await asked(operation, `cursor=${cursorOf(first!)}`)) }).toEqual({ path: operation.path, refusal: [400, 'validation_failed', '/query/cursor'] });
    }
    // Its own it takes, so that it was the list that was refused.
    const ofEvents = lists().find(({ path }) => path.endsWith('/events'))!;
    expect((await asked(ofEvents, `cursor=${cursorOf(ofEvents)}`)).status).toBe(200);
  });

  test('a name of blanks, in a filter and in a path, but to forget it', async () => {
    for (const operation of operationsOf(document)) {
      for (const { name, in: where } of operation.parameters.filter(({ name: each }) => ['sessionId', 'patternType', 'eventType', 'metricType', 'workerId', 'templateType'].includes(each))) {
        if (operation.path.endsWith('/forget')) continue;
        const address = addressOf(operation, { id: NOWHERE, productId: 'coding_rule2', ...(where === 'path' && { [name]: ' \u3000' }) });
        const answer = await send(operation.method, where === 'query' ? `${address}?${name}=%20` : address, operation.body && exampleOf(document, operation.body));
        expect({ operation: named(operation), refusal: refusal(answer) }).toEqual({ operation: named(operation), refusal: [400, 'validation_failed', `/${where}/${name}`] });
      }
    }
    expect((await send('POST', '/v1/products/coding_rule2/sessions/%20/forget', {})).status).not.toBe(400);
  });

  test('a query that is no percent-encoded UTF-8, by its place', async () => {
    for (const operation of operationsOf(document).filter(({ method }) => method === 'GET')) {
      for (const [query, pointer] of [['eventType=%ff', '/query/eventType'], ['limit=5%', '/query/limit'], ['%E3%81=1', '/query']] as const) {
        expect({ path: operation.path, query, refusal: refusal(await asked(operation, query)) }).toEqual({ path: operation.path, query, refusal: [400, 'validation_failed', pointer] });
      }
    }
  });

  test('a limit out of bounds, a filter that is unknown or given twice', async () => {
    for (const operation of lists()) {
      const max = operation.parameters.find((parameter) => parameter.name === 'limit')?.schema as { maximum?: number };
      for (const limit of ['0', '-1', String((max.maximum ?? 0) + 1), '1.5', 'ten', '', '1e1', '0x5']) {
        expect({ path: operation.path, limit, refusal: refusal(await asked(operation, `limit=${limit}`)) }).toEqual({ path: operation.path, limit, refusal: [400, 'validation_failed', '/query/limit'] });
      }
      expect(refusal(await asked(operation, 'zzz=1'))).toEqual([400, 'validation_failed', '/query/zzz']);
      expect(refusal(await asked(operation, 'limit=1&limit=2'))).toEqual([400, 'validation_failed', '/query/limit']);
      expect(refusal(await asked(operation, 'limit[$ne]=1'))).toEqual([400, 'validation_failed', '/query/limit[$ne]']);
    }
  });

  test('a time range that is empty, the wrong way round, or no time', async () => {
    const ranged = operationsOf(document).filter((operation) => operation.method === 'GET' && operation.parameters.some((parameter) => parameter.name === 'since'));
    expect(ranged.length).toBeGreaterThanOrEqual(6);
    for (const operation of ranged) {
      const cases: [string, string][] = [
        ['since=2026-01-01T00:00:00Z&until=2026-01-01T00:00:00Z', '/query/until'],
        ['since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', '/query/until'],
        ['since=2026-01-01T09:00:00%2B09:00&until=2026-01-01T00:00:00Z', '/query/until'],
        ['since=2026-02-30T00:00:00Z', '/query/since'],
        ['since=2026-01-01', '/query/since'],
        ['since=2026-01-01T00:00:00', '/query/since'],
        ['until=2026-01-01T00:00:00+09:00', '/query/until'],
        ['until=yesterday', '/query/until'],
        ['since=1767225600', '/query/since'],
        ['since=', '/query/since'],
      ];
      for (const [query, pointer] of cases) {
        expect({ path: operation.path, query, refusal: refusal(await asked(operation, query)) }).toEqual({ path: operation.path, query, refusal: [400, 'validation_failed', pointer] });
      }
    }
  });
});

test('every operation on one row refuses an id that is none', async () => {
  const single = operationsOf(document).filter(({ path }) => !path.startsWith('/v1/products/tea_house/')).flatMap((operation) =>
    operation.parameters.filter(({ in: where, schema }) => where === 'path' && schema.format === 'uuid').map(({ name }) => ({ operation, name })));
  expect(single.length).toBeGreaterThanOrEqual(20);
  for (const { operation, name } of single) {
    const body = operation.body && exampleOf(document, operation.body);
    for (const id of ['7', 'not-a-uuid', "1'--", '\0', `${NOWHERE}0`]) {
      const answer = await nagaya.request(operation.method, addressOf(operation, { productId: 'coding_rule2', [name]: id }), { key: nagaya.keys.operator, ...(body !== undefined && { body }) });
      expect({ operation: named(operation), id, refusal: refusal(answer) }).toEqual({ operation: named(operation), id, refusal: [400, 'validation_failed', `/path/${name}`] });
    }
  }
});
