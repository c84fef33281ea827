import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { OpenAPIObject } from '@nestjs/swagger';
import fc from 'fast-check';
import { DocumentSchemas } from '../support/document-schemas.js';
import { almost, HOSTILE_TEXTS, type Json } from '../support/hostile.js';
import { exampleOf, operationsOf, readDocument, type Operation, type Parameter } from '../support/operations.js';
import { departures } from '../support/schema-check.js';
import { startTestService, type TestService } from '../support/service.js';

/** Requests for each operation: with a body there is more to get wrong. */
const RUNS = { body: 10, parameters: 4 };
/** The same requests at each run; another number makes others. */
const SEED = 20_261_124;

let nagaya: TestService;
let document: OpenAPIObject;
let schemas: DocumentSchemas;
let operations: Operation[];
beforeAll(async () => {
  nagaya = await startTestService({ rateLimit: 0 });
  document = await readDocument(nagaya);
  schemas = new DocumentSchemas(document);
  operations = operationsOf(document).filter(({ path }) => !path.startsWith('/v1/products/tea_house/'));
});
afterAll(() => nagaya.stop());

interface Attempt {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

/** What is ours to keep, and nothing that a job writes at times of its own. */
const KEPT = {
  control: ['core.products', 'core.ai_systems', 'core.template_config', 'core.monitoring_events', 'core.idempotency_records', 'monitoring.performance_metrics', 'monitoring.worker_status'],
  product: ['conversation_context', 'mistake_patterns', 'mistake_occurrences', 'constitutional_violations', 'memory_inheritance', 'inheritance_bundles', 'inheritance_items'],
};

async function written(): Promise<string> {
  const { databases } = nagaya.service;
  const sql = (names: readonly string[]) => names.map((name) => `SELECT '${name}' AS name, count(*)::int AS rows, md5(string_agg(t::text, '' ORDER BY t::text)) AS content FROM ${name} t`).join(' UNION ALL ');
  return JSON.stringify([await databases.control.query(sql(KEPT.control)), await databases.product('coding_rule2').query(sql(KEPT.product))]);
}

/** Operators' verbs on a whole product hit the tea house, so that the other one stays in service. */
const productOf = (operation: Operation): string => (/^\/v1\/products\/\{productId\}(\/[a-z-]+)?$/.test(operation.path) && operation.method !== 'GET' ? 'tea_house' : 'coding_rule2');

function validText(operation: Operation, { name, example, schema }: Parameter): string {
  const value = name === 'productId' ? productOf(operation) : (example ?? schema.example ?? schema.enum?.[0]);
  return encodeURIComponent(typeof value === 'string' || typeof value === 'number' ? value : '0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e');
}

/** The address, mostly right; now and then a part of it, or a parameter of the query, is not. */
function addresses(operation: Operation): fc.Arbitrary<string> {
  const path = operation.parameters.filter((parameter) => parameter.in === 'path');
  const query = operation.parameters.filter((parameter) => parameter.in === 'query');
  const hostile = fc.constantFrom(...HOSTILE_TEXTS);
  const rarely = (valid: string, chance: number) => fc.oneof({ weight: chance, arbitrary: fc.constant(valid) }, { weight: 1, arbitrary: hostile });
  const segments = fc.tuple(...path.map((parameter) => rarely(validText(operation, parameter), operation.body === undefined ? 2 : 8)));
  const given = fc.tuple(
    ...query.map((parameter) => fc.tuple(fc.constant(parameter.name), fc.option(rarely(validText(operation, parameter), 1), { freq: query.length, nil: undefined }))),
    fc.tuple(fc.constantFrom('zzz', 'limit', '__proto__', 'a[b]'), fc.option(hostile, { freq: 8, nil: undefined })),
  );
  return fc.tuple(segments, given).map(([values, pairs]) => {
    const filled = path.reduce((address, { name }, index) => address.replace(`{${name}}`, values[index] ?? ''), operation.path);
    const asked = pairs.flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
    return asked.length === 0 ? filled : `${filled}?${asked.join('&')}`;
  });
}

function attempts(operation: Operation): fc.Arbitrary<Attempt> {
  const json = { 'content-type': 'application/json' };
  const types = fc.oneof({ weight: 20, arbitrary: fc.constant(json) }, { weight: 1, arbitrary: fc.constantFrom<Record<string, string>>({ 'content-type': 'text/plain' }, { 'content-type': 'application/json; charset=latin1' }, { ...json, 'content-encoding': 'gzip' }) });
  const keys = fc.oneof({ weight: 4, arbitrary: fc.constant({}) }, { weight: 1, arbitrary: fc.constantFrom<Record<string, string>>({ 'idempotency-key': 'fuzz-1' }, { 'idempotency-key': 'x'.repeat(300) }, { 'idempotency-key': '\u00e9' }) });
  const bodies: fc.Arbitrary<string | undefined> = operation.body === undefined ? fc.constant(undefined) : almost(exampleOf(document, operation.body) as Json);
  return fc.record({ path: addresses(operation), types, keys, body: bodies }).map(({ path, types: type, keys: key, body }) => ({ path, headers: { ...(body !== undefined && type), ...key }, body }));
}

/** A job may have written between the two looks; it does not do so each time. */
async function certainFaultsOf(operation: Operation, attempt: Attempt): Promise<string[]> {
  let faults: string[] = [];
  for (let look = 0; look < 3; look++) {
    faults = await faultsOf(operation, attempt, await written());
    if (!faults.some((fault) => fault.startsWith(HALF))) break;
  }
  return faults;
}

const HALF = 'was refused, and has written something';

/** Everything that must not be, of one answer. */
async function faultsOf(operation: Operation, { path, headers, body }: Attempt, before: string): Promise<string[]> {
  const response = await fetch(nagaya.service.url + path, {
    method: operation.method,
    headers: { authorization: `Bearer ${nagaya.keys.operator}`, ...headers },
    ...(body !== undefined && { body: Buffer.from(body) }),
    redirect: 'manual',
  });
  const text = await response.text();
  const mediaType = response.headers.get('content-type')?.split(';')[0] ?? '';
  const answer: unknown = text === '' || !mediaType.endsWith('json') ? undefined : JSON.parse(text);
  const content = operation.responses[String(response.status)]?.content?.[mediaType];
  // An address with too much in it is another one, or none: it may answer like what is not there.
  const elsewhere = response.status === 404 || response.status === 405 || (response.status === 400 && operation.responses['400'] === undefined);
  const undocumented = elsewhere ? [] : schemas.departures(operation, response.status, mediaType, answer);
  const closed = content?.schema !== undefined && mediaType.endsWith('json') ? departures(document, content.schema, answer) : [];
  const problems = response.status < 400 ? [] : problemFaults(response.status, mediaType, answer);
  const half = response.status >= 400 && (await written()) !== before ? [HALF] : [];
  return [...(response.status >= 500 ? [`answers ${response.status}`] : []), ...undocumented, ...closed, ...problems, ...half].map((fault) => `${fault}: ${text.slice(0, 300)}`);
}

function problemFaults(status: number, mediaType: string, answer: unknown): string[] {
  if (mediaType !== 'application/problem+json') return [`a ${status} as ${mediaType}`];
  const { code, errors } = answer as { code: string; errors?: { pointer: string; detail: string }[] };
  // Only the database knows which days are kept; it names no field.
  if (code === 'validation_failed' && errors === undefined && !/timestamp|value/.test(JSON.stringify(answer))) return ['does not say where'];
  return [];
}

test('no operation breaks, writes by halves, or answers what it does not promise, whatever it is sent', async () => {
  expect(operations.length).toBeGreaterThan(40);
  for (const operation of operations) {
    const runs = operation.body === undefined ? RUNS.parameters : RUNS.body;
    await fc.assert(
      fc.asyncProperty(attempts(operation), async (attempt) => {
        const faults = await certainFaultsOf(operation, attempt);
        expect({ operation: `${operation.method} ${operation.path}`, attempt: { ...attempt, body: attempt.body?.slice(0, 400) }, faults }).toMatchObject({ faults: [] });
      }),
      { numRuns: runs, seed: SEED, endOnFailure: true },
    );
    if (operation.path.endsWith('/suspend')) await nagaya.request('POST', '/v1/products/tea_house/resume', { key: nagaya.keys.operator });
  }
  expect(({} as Record<string, unknown>)['isAdmin']).toBeUndefined();
  expect((await nagaya.request('GET', '/health/ready', { key: null })).status).toBe(200);
}, 600_000);
