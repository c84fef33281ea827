import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { newApiKey } from '../../src/auth/api-key-format.js';
import { addressOf, exampleOf, operationsOf, readDocument, type Operation } from '../support/operations.js';
import { startTestService, type TestService } from '../support/service.js';

/** An address that nothing is at: what every refusal has to look like. */
const NOWHERE = '/v1/nothing/is/here';

let nagaya: TestService;
let operations: Operation[];
/** Keys that worked once. */
const spent = { revoked: '', expired: '' };
/** Rows that are there, so that an answer could tell that they are. */
const known: Record<string, string> = { productId: 'coding_rule2', patternType: 'known', templateType: 'known', workerId: 'known', sessionId: 'known' };

beforeAll(async () => {
  nagaya = await startTestService({ bodyLimit: 2_048 });
  const ofTeaHouse = '/v1/products/tea_house/';
  const document = await readDocument(nagaya);
  operations = operationsOf(document).filter(({ path }) => path.startsWith('/v1/') && !path.startsWith(ofTeaHouse));
  const product = '/v1/products/coding_rule2';
  await make('PUT', `${product}/mistake-patterns/known`, { patternDescription: 'x' });
  known['/v1/products/coding_rule2/conversations/{id}'] = await make('POST', `${product}/conversations`, { sessionId: 's', userMessage: '', aiResponse: '' });
  known['/v1/products/coding_rule2/memories/{id}'] = await make('POST', `${product}/memories`, { sessionId: 's', memoryType: 't', memoryContent: {} });
  known['/v1/ai-systems/{id}'] = await make('POST', '/v1/ai-systems', { systemType: 's', version: '1', config: {} });
  known['/v1/template-configs/{id}'] = await make('POST', '/v1/template-configs', { templateType: 'known', version: '1', configData: {} });
  known['/v1/template-configs/{id}/activate'] = known['/v1/template-configs/{id}'];
  known['/v1/api-keys/{id}'] = await make('POST', '/v1/api-keys', { name: 'known' });
  for (const { path } of operations.filter((operation) => operation.path.includes('/{id}') && known[operation.path] === undefined)) {
    const collection = path.replace(/\/\{id\}.*$/, '');
    const made = known[`${collection}/{id}`];
    const create = operations.find((operation) => operation.method === 'POST' && operation.path === collection && operation.body !== undefined);
    const answer = made === undefined && create?.body !== undefined && (await nagaya.request('POST', place(create), { key: nagaya.keys.operator, body: exampleOf(document, create.body) }));
    known[path] = made ?? (answer ? (answer.body['id'] ?? '') : '');
  }
  const apiKeys = new ApiKeysService(nagaya.service.databases);
  const [revoked, expired] = [await apiKeys.create({ name: 'revoked', productId: 'coding_rule2' }), await apiKeys.create({ name: 'expired', productId: 'coding_rule2' })];
  await apiKeys.revoke(revoked.id);
  await nagaya.service.databases.control.query(`UPDATE core.api_keys SET expires_at = clock_timestamp() - interval '1 second' WHERE id = $1`, [expired.id]);
  Object.assign(spent, { revoked: revoked.key, expired: expired.key });
});
afterAll(() => nagaya.stop());

async function make(method: string, path: string, body: object): Promise<string> {
  const answer = await nagaya.request(method, path, { key: nagaya.keys.operator, body });
  expect({ path, status: answer.status }).toEqual({ path, status: 201 });
  return answer.body['id'] ?? '';
}

const place = (operation: Operation, more: Record<string, string> = {}) => addressOf(operation, { ...known, ...(known[operation.path] && { id: known[operation.path] }), ...more });
const isProducts = (operation: Operation) => /^\/v1\/products\/[^/]+\/(?!suspend$|resume$)/.test(operation.path);

/** Everything that an answer could tell: all but the request's own id, the date, and how often the key may ask. */
async function told(method: string, path: string, key: string | null, body?: unknown, headers: Record<string, string> = {}): Promise<object> {
  const answer = await nagaya.request(method, path, { key, body, headers });
  const rest = [...answer.headers].filter(([name]) => !['x-request-id', 'date'].includes(name) && !name.startsWith('ratelimit'));
  return { status: answer.status, headers: Object.fromEntries(rest), body: method === 'HEAD' ? undefined : { ...answer.body, requestId: '' } };
}

/** The answer here is the answer of an address that nothing is at, whatever the request brings along. */
async function expectNothingHere(operation: Operation, path: string, key: string | null, status: number): Promise<void> {
  const { method } = operation;
  const sends: [unknown, Record<string, string>][] = method === 'GET' || method === 'DELETE' ? [[undefined, {}]] : [
    [{}, {}],
    ['{"broken', {}],
    ['<xml/>', { 'content-type': 'application/xml' }],
    [{ a: '\0' }, { 'idempotency-key': 'x' }],
    [{ large: 'x'.repeat(4_096) }, {}],
  ];
  for (const [body, headers] of sends) {
    const here = await told(method, path, key, body, headers);
    const elsewhere = await told(method, NOWHERE, key, body, headers);
    expect({ method, path, body, ...here }).toEqual({ method, path, body, ...elsewhere });
    // What can't be read is told before it is looked at where it goes; what can be read tells no more than the key.
    if (body === undefined || JSON.stringify(body) === '{}') expect(here).toMatchObject({ status });
  }
}

const corrupted = (key: string) => key.slice(0, -1) + (key.endsWith('A') ? 'B' : 'A');
const WITHOUT: [string, (keys: TestService['keys']) => string | null][] = [
  ['no key', () => null],
  ['what is no key', () => 'ngy_op_short'],
  ['a key with a wrong checksum', (keys) => corrupted(keys.operator)],
  ['a well-formed key that nobody has', () => newApiKey('operator')],
  ['a key that was revoked', () => spent.revoked],
  ['a key that has expired', () => spent.expired],
];

describe.each(WITHOUT)('with %s', (_what, keyOf) => {
  test('every address, known or not, answers the same 401', async () => {
    for (const operation of operations) await expectNothingHere(operation, place(operation), keyOf(nagaya.keys), 401);
  });
});

describe("with a product's key", () => {
  test("everything of another product, known or not, answers the same 404 as what is not there", async () => {
    for (const operation of operations.filter(isProducts)) await expectNothingHere(operation, place(operation), nagaya.keys.teaHouse, 404);
  });

  test('the shared routes of products that are there, and of such that are not, answer the same 404', async () => {
    const shared = operations.filter((operation) => isProducts(operation) && operation.path.includes('{productId}'));
    expect(shared.length).toBeGreaterThanOrEqual(8);
    for (const productId of ['tea_house', 'no_such', 'core', 'nagaya_control', 'CODING_RULE2', "x'--"]) {
      for (const operation of shared) await expectNothingHere(operation, place(operation, { productId }), nagaya.keys.codingRule2, 404);
    }
  });

  test("operators' routes answer the same 404 as what is not there, its own product's too", async () => {
    const operators = operations.filter((operation) => !isProducts(operation));
    expect(operators.length).toBeGreaterThanOrEqual(15);
    for (const operation of operators) {
      for (const key of [nagaya.keys.codingRule2, nagaya.keys.readOnly]) await expectNothingHere(operation, place(operation), key, 404);
    }
  });

  test('HEAD and other methods of a known address tell nothing either', async () => {
    for (const operation of operations.filter((candidate) => candidate.method === 'GET')) {
      for (const method of ['HEAD', 'OPTIONS', 'PATCH', 'DELETE']) {
        const [here, elsewhere] = [await told(method, place(operation), nagaya.keys.teaHouse), await told(method, NOWHERE, nagaya.keys.teaHouse)];
        expect({ method, path: operation.path, ...here }).toEqual({ method, path: operation.path, ...elsewhere });
      }
    }
  });
});

test('an address written otherwise is not a way round the key', async () => {
  for (const path of ['/%761/products', '/v1/../v1/products', '//v1/products', '/v1//products', '/V1/products', '/v1/products/', '/v1;x/products', '/v1%2Fproducts']) {
    const answer = await nagaya.request('GET', path, { key: null });
    expect({ path, in: answer.status === 401 || answer.status === 404 }).toEqual({ path, in: true });
  }
});

test('what needs no key is the probes, the figures and the documentation, and nothing else', async () => {
  const open = operationsOf(await readDocument(nagaya)).filter((operation) => !operation.path.startsWith('/v1/'));
  expect(open.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(['GET /health/live', 'GET /health/ready', 'GET /health/startup', 'GET /metrics']);
});

// Last: it deletes and suspends.
test('an operator key opens every one of them', async () => {
  const order = (operation: Operation) => (operation.method === 'DELETE' || operation.path.endsWith('/forget') ? 1 : operation.path.endsWith('/suspend') ? 2 : operation.path.endsWith('/resume') ? 3 : 0);
  for (const operation of operations.toSorted((a, b) => order(a) - order(b))) {
    const path = place(operation);
    const answer = await nagaya.request(operation.method, path, { key: nagaya.keys.operator, ...(operation.body !== undefined && { body: {} }) });
    // An empty body is refused by what lies behind the door, and so is the id of a row that
    // nobody can make by the API, what is in its last state already, and JSON where lines of it are taken.
    const isNowhere = operation.path.includes('{id}') && known[operation.path] === '';
    // What has been forgotten just now, and rules that nobody has set.
    const isGone = operation.method === 'DELETE' && /\/(memories|alert-rules)\/\{\w+\}$/.test(operation.path);
    const letIn = answer.status < 300 || (answer.status === 400 && operation.body !== undefined) || (answer.status === 404 && isNowhere) || [409, 415].includes(answer.status) || (answer.status === 404 && isGone);
    expect({ method: operation.method, path, status: answer.status, letIn }).toEqual({ method: operation.method, path, status: answer.status, letIn: true });
  }
});
