import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import { markOf } from '../../src/http/own-cursors.js';
import { addressOf, exampleOf, operationsOf, readDocument, resolve, type Operation, type Schema } from '../support/operations.js';
import { typesOf } from '../support/schema-check.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';
import { superuserRows } from '../postgres/support/superuser-rows.js';

/** What the neighbour has, and no answer to anybody else may hold. */
const SECRET = 'sencha behind the third door';

/**
 * Each would show, were it ever run or only read as SQL: by an error that is no client's fault (500), by the neighbour's
 * secret in an answer, by a row that is gone, or by a list that a filter no longer narrows.
 */
const PAYLOADS = [
  `'`,
  `' OR '1'='1`,
  `'; DELETE FROM coding_rule2.mistake_patterns; --`,
  `'||(SELECT string_agg(name, ',') FROM tea_house.teas)||'`,
  `1; SELECT query_to_xml('SELECT * FROM tea_house.teas', true, false, '')`,
  `\\'; SELECT 1/0; --`,
  `$1 $$ :name {0} %s %27 \${x}`,
];

let nagaya: TestService;
let document: OpenAPIObject;
let operations: Operation[];

beforeAll(async () => {
  nagaya = await startTestService({ rateLimit: 0 });
  document = await readDocument(nagaya);
  // Deleting and suspending would take away what the next ones are tried on.
  operations = operationsOf(document).filter(({ method, path }) => path.startsWith('/v1/') && !path.startsWith('/v1/products/tea_house/') && method !== 'DELETE' && !/\/(suspend|resume|archive)$/.test(path));
  await nagaya.request('POST', '/v1/products/tea_house/teas', { key: nagaya.keys.teaHouse, body: { name: SECRET } });
  await nagaya.request('PUT', '/v1/products/coding_rule2/mistake-patterns/kept', { body: { patternDescription: 'stays' } });
});
afterAll(() => nagaya.stop());

const named = ({ method, path }: Operation): string => `${method} ${path}`;
/** Both keys of whoever may call it: a product's own is what an injection would come with. */
const keyFor = (operation: Operation): string => (operation.path.startsWith('/v1/products/') && operation.path.split('/').length > 4 ? nagaya.keys.codingRule2 : nagaya.keys.operator);

async function send(operation: Operation, address: string, body?: unknown): Promise<Answer> {
  return nagaya.request(operation.method, address, { key: keyFor(operation), ...(body !== undefined && { body }) });
}

/** What is wrong with an answer: nothing, for a value that was taken as text or refused as such. */
function faultsOf(answer: Answer, what: string): string[] {
  const text = JSON.stringify(answer.body ?? '');
  return [
    ...(answer.status >= 500 ? [`${what}: ${answer.status} ${text.slice(0, 200)}`] : []),
    ...(text.includes(SECRET) ? [`${what}: tells the neighbour's secret`] : []),
    ...(/syntax error|relation \\"|QueryFailed|constraint|42601/i.test(text) ? [`${what}: tells of SQL: ${text.slice(0, 200)}`] : []),
  ];
}

const own = { productId: 'coding_rule2' };

// First: the addresses below make rows that are called like the attempts.
test('in every filter, order and cursor', async () => {
  const faults: string[] = [];
  let tried = 0;
  for (const operation of operations) {
    for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'query')) {
      for (const payload of PAYLOADS) {
        tried++;
        const answer = await send(operation, `${addressOf(operation, own)}?${name}=${encodeURIComponent(payload)}`, operation.body && exampleOf(document, operation.body));
        faults.push(...faultsOf(answer, `${named(operation)} ?${name}=${payload}`));
        // Nothing is called that: a filter that lets rows through was read as something else than a value.
        if (answer.status === 200 && Array.isArray(answer.body?.items) && answer.body.items.length > 0) faults.push(`${named(operation)} ?${name}=${payload}: finds ${answer.body.items.length} rows`);
      }
    }
  }
  expect(faults).toEqual([]);
  expect(tried).toBeGreaterThan(150);
});

test('in every part of every address', async () => {
  const faults: string[] = [];
  for (const operation of operations) {
    for (const { name } of operation.parameters.filter((parameter) => parameter.in === 'path')) {
      for (const payload of PAYLOADS) {
        const answer = await send(operation, addressOf(operation, { ...own, [name]: payload }), operation.body && exampleOf(document, operation.body));
        faults.push(...faultsOf(answer, `${named(operation)} ${name}=${payload}`));
      }
    }
  }
  expect(faults).toEqual([]);
});

test('in a cursor that is well formed but carries SQL', async () => {
  const faults: string[] = [];
  for (const operation of operations.filter((candidate) => candidate.parameters.some(({ name }) => name === 'cursor'))) {
    for (const payload of PAYLOADS) {
      for (const shape of [[payload, payload], ['2026-01-01T00:00:00Z', payload], [payload, '0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e']]) {
        const address = addressOf(operation, own);
        const cursor = markOf(address) + Buffer.from(JSON.stringify(shape)).toString('base64url');
        const answer = await send(operation, `${address}?cursor=${cursor}`);
        faults.push(...faultsOf(answer, `${named(operation)} cursor ${JSON.stringify(shape)}`));
      }
    }
  }
  expect(faults).toEqual([]);
});

describe('in a body', () => {
  test('in every text, and every name of a field within free JSON', async () => {
    const faults: string[] = [];
    for (const operation of operations) {
      if (operation.body === undefined) continue;
      const example = exampleOf(document, operation.body);
      for (const place of placesIn(document, operation.body, example)) {
        for (const payload of PAYLOADS) {
          const answer = await send(operation, addressOf(operation, own), place(payload));
          faults.push(...faultsOf(answer, `${named(operation)} ${payload}`));
        }
      }
    }
    expect(faults).toEqual([]);
  });

  test('in the headers that are kept', async () => {
    const faults: string[] = [];
    for (const operation of operations.filter(({ body, method }) => body !== undefined && method === 'POST')) {
      for (const payload of PAYLOADS) {
        const answer = await nagaya.request('POST', addressOf(operation, own), {
          key: keyFor(operation),
          body: operation.body && exampleOf(document, operation.body),
          headers: { 'idempotency-key': payload, 'x-request-id': payload },
        });
        faults.push(...faultsOf(answer, `${named(operation)} idempotency-key ${payload}`));
      }
    }
    expect(faults).toEqual([]);
  });
});

test('after all of it: the rows that were there are there, and no role or table is new', async () => {
  expect(await superuserRows(nagaya.database.name, 'SELECT name FROM tea_house.teas')).toEqual([{ name: SECRET }]);
  expect(await superuserRows(nagaya.database.name, `SELECT pattern_description FROM coding_rule2.mistake_patterns WHERE pattern_type = 'kept'`)).toEqual([{ pattern_description: 'stays' }]);
});

/** Ways to put a text into an example: at each of its texts, and as a field's name where any name is allowed. */
function placesIn(openApi: OpenAPIObject, given: Schema, example: unknown): ((payload: string) => unknown)[] {
  const schema = resolve(openApi, given);
  if (typeof example === 'string') return [(payload) => payload];
  if (Array.isArray(example)) {
    const [first] = example as unknown[];
    return first === undefined || schema.items === undefined ? [] : placesIn(openApi, schema.items, first).map((put) => (payload) => [put(payload), ...example.slice(1)]);
  }
  if (typeof example !== 'object' || example === null) return [];
  const fields = Object.entries(example).flatMap(([name, value]) =>
    placesIn(openApi, schema.properties?.[name] ?? {}, value).map((put) => (payload: string) => ({ ...example, [name]: put(payload) })),
  );
  const isFree = schema.properties === undefined && (typesOf(schema).includes('object') || Object.keys(schema).length === 0);
  return isFree ? [...fields, (payload) => ({ ...example, [payload]: payload })] : fields;
}
