import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { AlertEvaluator } from '../../src/alerts/evaluation/alert-evaluator.js';
import { SchemaHealth } from '../../src/health/schema/schema-health.service.js';
import type { OpenAPIObject } from '@nestjs/swagger';
import { undocumentedOperations } from '../../src/http/openapi.js';
import { addressOf, exampleOf, operationsOf, readDocument, resolve, type Operation, type Schema } from '../support/operations.js';
import { departures } from '../support/schema-check.js';
import { startTestService, type Answer, type TestService } from '../support/service.js';

let nagaya: TestService;
let document: OpenAPIObject;
let operations: Operation[];
beforeAll(async () => {
  nagaya = await startTestService();
  document = await readDocument(nagaya);
  operations = operationsOf(document);
});
afterAll(() => nagaya.stop());

/** The house's own; the tea house exists only in tests. */
const keyed = () => operations.filter(({ path }) => path.startsWith('/v1/') && !path.startsWith('/v1/products/tea_house/') && !isOfLines(path));
/** JSON Lines in and out have tests of their own. */
const isOfLines = (path: string) => /\/(export|import)$/.test(path);
const named = ({ method, path }: Operation) => `${method} ${path}`;

describe('the document', () => {
  test('is OpenAPI 3.1, and served without a key, with pages to read it', async () => {
    expect(document.openapi).toMatch(/^3\.1\./);
    expect((await nagaya.request('GET', '/openapi.json', { key: null })).headers.get('content-type')).toMatch(/^application\/json/);
    const page = await fetch(`${nagaya.service.url}/docs`);
    expect([page.status, page.headers.get('content-type')?.split(';')[0]]).toEqual([200, 'text/html']);
    // Whatever the page loads comes from here.
    expect(await page.text()).not.toMatch(/(src|href)="https?:/);
  });

  test('gives every operation an id, a summary, a tag and its path parameters', () => {
    expect(operations.length).toBeGreaterThan(40);
    expect(undocumentedOperations(document)).toEqual([]);
  });

  test('describes every property of every schema', () => {
    const undescribed = Object.entries(document.components?.schemas ?? {}).flatMap(([name, schema]) =>
      name === 'BrewTea'
        ? []
        : Object.entries((schema as Schema).properties ?? {}).flatMap(([property, value]) => (value.description ?? resolve(document, value).description ? [] : [`${name}.${property}`])),
    );
    // What RFC 9457 says about these four needs no repeating.
    expect(undescribed).toEqual(['Problem.type', 'Problem.title', 'Problem.status', 'Problem.code']);
  });

  test('describes every parameter, with an example', () => {
    const lacking = operations.flatMap((operation) =>
      operation.parameters
        .filter((parameter) => !parameter.description || (parameter.example === undefined && parameter.schema.example === undefined && parameter.schema.format !== 'uuid'))
        .map((parameter) => `${named(operation)} ${parameter.name}`),
    );
    expect(lacking).toEqual([]);
  });

  test('gives every body that is sent examples from which it can be made, and closes it to other properties', () => {
    const bodies = keyed().flatMap((operation) => (operation.body === undefined ? [] : [{ operation: named(operation), schema: operation.body }]));
    expect(bodies.length).toBeGreaterThan(12);
    for (const { operation, schema } of bodies) {
      expect({ operation, closed: resolve(document, schema).additionalProperties }).toEqual({ operation, closed: false });
      expect(() => exampleOf(document, schema)).not.toThrow();
    }
  });

  test('tells every error that an operation of its kind can answer, with an example of each', () => {
    for (const operation of keyed()) {
      const statuses = ['401', '403', '404', '429', '500', '503', '504', ...(operation.body === undefined ? [] : ['400', '413', '415']), ...(operation.parameters.length > 0 ? ['400'] : [])];
      expect({ operation: named(operation), statuses: Object.keys(operation.responses) }).toMatchObject({ statuses: expect.arrayContaining(statuses) });
      for (const [status, response] of Object.entries(operation.responses)) {
        expect(response.description).not.toBe('');
        if (Number(status) < 400) continue;
        const problem = response.content?.['application/problem+json'];
        expect(problem?.schema).toEqual({ $ref: '#/components/schemas/Problem' });
        for (const example of Object.values((problem?.examples ?? {}) as Record<string, { value: { status: number } }>)) {
          expect(String(example.value.status)).toBe(status);
          expect(departures(document, problem?.schema ?? {}, example.value)).toEqual([]);
        }
      }
    }
  });

  test('offers the Idempotency-Key on every POST that writes, and nowhere else', () => {
    for (const operation of keyed()) {
      const offers = operation.parameters.some((parameter) => parameter.in === 'header' && parameter.name === 'Idempotency-Key');
      expect({ operation: named(operation), offers }).toEqual({ operation: named(operation), offers: operation.method === 'POST' && !operation.readsOnly });
    }
  });
});

describe('the answers', () => {
  const known: Record<string, string> = { sessionId: 'session-1' };

  function expectAsDocumented(operation: Operation, answer: Answer): void {
    const documented = operation.responses[String(answer.status)];
    expect({ operation: named(operation), status: answer.status, documented: documented !== undefined }).toEqual({ operation: named(operation), status: answer.status, documented: true });
    const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
    if (answer.status === 204) {
      expect(answer.body).toBeUndefined();
      return;
    }
    const content = documented?.content?.[type];
    expect({ operation: named(operation), type, documented: content !== undefined }).toEqual({ operation: named(operation), type, documented: true });
    expect({ operation: named(operation), departures: departures(document, content?.schema ?? {}, answer.body) }).toEqual({ operation: named(operation), departures: [] });
  }

  /** A body as the examples have it, but for times: the documented ones need not lie within the days that are kept. */
  function bodyOf(operation: Operation): object {
    const { operationId } = operation;
    const body = exampleOf(document, operation.body ?? {}) as Record<string, unknown>;
    const now = new Date().toISOString();
    if ('timestamp' in body) body['timestamp'] = now;
    if (Array.isArray(body['items'])) for (const item of body['items'] as Record<string, unknown>[]) if ('timestamp' in item) item['timestamp'] = now;
    if ('expiresAt' in body) body['expiresAt'] = '2999-01-01T00:00:00Z';
    if (operationId === 'aiSystemsChange') body['version'] = 'another';
    return body;
  }

  /** Nobody makes an alert by asking for one: a product with hardly a record has one after a look. */
  async function openAlert(): Promise<string> {
    await nagaya.service.app.get(SchemaHealth, { strict: false }).sweep();
    await nagaya.service.app.get(AlertEvaluator, { strict: false }).evaluate();
    const { body } = await nagaya.request('GET', '/v1/alerts?productId=coding_rule2&ruleId=record-count-low', { key: nagaya.keys.operator });
    return String((body.items[0] as { id: string } | undefined)?.id);
  }

  /** What is made first is what the others read; what deletes and suspends comes last. */
  const order = ({ method, path }: Operation) => ['PUT', 'POST', 'PATCH', 'GET', 'DELETE'].indexOf(method) + (path.endsWith('/forget') ? 10 : path.endsWith('/suspend') ? 20 : path.endsWith('/resume') ? 30 : 0);

  test('to what the examples say are what the document says: every operation, no property more, none less', async () => {
    known['/v1/alerts'] = await openAlert();
    for (const operation of keyed().toSorted((a, b) => order(a) - order(b))) {
      const collection = operation.path.replace(/\/\{id\}.*/, '');
      const path = addressOf(operation, { ...known, ...(known[collection] !== undefined && { id: known[collection] }) });
      const query = operation.method === 'GET' ? queryOf(operation) : '';
      const writes = operation.method === 'POST' && !operation.readsOnly;
      const request = { key: nagaya.keys.operator, ...(operation.body !== undefined && { body: bodyOf(operation) }), ...(writes && { headers: { 'idempotency-key': operation.operationId } }) };
      const answer = await nagaya.request(operation.method, path + query, request);
      expect({ operation: named(operation), path, ok: answer.status < 300, code: answer.body?.['code'], errors: answer.body?.['errors'] }).toEqual({ operation: named(operation), path, ok: true, code: undefined, errors: undefined });
      expectAsDocumented(operation, answer);
      if (writes) expectRepeated(operation, answer, await nagaya.request('POST', path, request));
      if (operation.method === 'POST' && answer.body['id'] !== undefined) {
        known[collection] ??= answer.body['id'];
        // A bundle is made under its session, and read by itself.
        const location = answer.headers.get('location') ?? '';
        if (location.endsWith(answer.body['id'])) known[location.slice(0, -String(answer.body['id']).length - 1)] ??= answer.body['id'];
      }
    }
  });

  /** Every POST that writes keeps to its Idempotency-Key; what is shown once is not shown again. */
  function expectRepeated(operation: Operation, first: Answer, again: Answer): void {
    const shown = Object.keys(again.body);
    expect({ operation: named(operation), repeated: again.headers.get('idempotent-replayed'), status: again.status, location: again.headers.get('location') }).toEqual({
      operation: named(operation), repeated: 'true', status: first.status, location: first.headers.get('location'),
    });
    expect(again.body).toEqual(Object.fromEntries(Object.entries(first.body).filter(([name]) => shown.includes(name))));
    expect(Object.keys(first.body).filter((name) => !shown.includes(name))).toEqual(['apiKeysCreate', 'apiKeysRotate'].includes(operation.operationId) ? ['key'] : []);
  }

  /** Optional parameters with a word as their example narrow a list: those that only say how it is shown are given. */
  function queryOf(operation: Operation): string {
    const given = operation.parameters.filter((parameter) => parameter.in === 'query' && ['include', 'orderBy', 'bucket', 'limit'].includes(parameter.name));
    return `?${new URLSearchParams(Object.fromEntries(given.map((parameter) => [parameter.name, String(parameter.example ?? parameter.schema.example)]))).toString()}`;
  }

  test('that are errors are as documented too', async () => {
    for (const operation of keyed()) {
      const path = addressOf(operation, { id: 'nobody' });
      for (const key of [null, nagaya.keys.teaHouse, nagaya.keys.readOnly, nagaya.keys.operator]) {
        const answer = await nagaya.request(operation.method, path, { key, ...(operation.body !== undefined && { body: { unknown: true } }) });
        expectAsDocumented(operation, answer);
      }
    }
  });

  test('of the probes are as documented', async () => {
    for (const operation of operations.filter((candidate) => candidate.path.startsWith('/health/'))) {
      expectAsDocumented(operation, await nagaya.request('GET', operation.path, { key: null }));
    }
  });
});

test('NAGAYA_DOCS=false turns the document and its pages off, and nothing else', async () => {
  const quiet = await startTestService({ docs: false });
  try {
    for (const path of ['/openapi.json', '/docs', '/docs/', '/docs/swagger-ui-init.js', '/docs-json', '/openapi.yaml']) {
      expect({ path, status: (await quiet.request('GET', path, { key: null })).status }).toEqual({ path, status: 404 });
    }
    expect((await quiet.request('GET', '/v1/products/coding_rule2/memories')).status).toBe(200);
  } finally {
    await quiet.stop();
  }
});
