import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newApiKey } from '../../src/auth/api-key-format.js';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { createLogger } from '../../src/http/logging.js';
import { startCollector, type Collector, type SentSpan } from '../support/collector.js';
import { startTestService, type TestService } from '../support/service.js';
import { OWNER_ROLE } from '../support/roles.js';

const PRODUCT = '/v1/products/coding_rule2';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const TRACEPARENT = { traceparent: `00-${TRACE}-00f067aa0ba902b7-01` };

interface LogLine {
  readonly requestId?: string;
  readonly traceId?: string;
  readonly route?: string;
  readonly productId?: string;
  readonly status?: number;
  readonly level: string;
  readonly msg: string;
}

let collector: Collector;
let nagaya: TestService;
let written = '';
const lines = (): LogLine[] => written.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as LogLine);
/** Spans are sent when the service stops; what tests ask for after that is kept here. */
let spans: SentSpan[];
const asked: Record<string, string> = {};

/** Something of every kind that must not be seen outside: CANARY in texts, 7.654321 in numbers. */
const CANARY = 'kanaria-7c1e';
const NUMBER = 0.7654321;
const EMBEDDING = Array.from({ length: 1_536 }, (_, n) => (n === 3 ? NUMBER : 0.5));
const BASE64 = Buffer.from(new Float32Array(EMBEDDING).buffer).toString('base64');

async function withBroken(breaking: string, mending: string, work: () => Promise<unknown>): Promise<void> {
  const run = (sql: string) => withAdmin(requireAdminUrl(nagaya.service.cluster), (admin) => admin.asOwner(OWNER_ROLE, () => admin.query(sql)));
  await run(breaking);
  try {
    await work();
  } finally {
    await run(mending);
  }
}

beforeAll(async () => {
  collector = await startCollector();
  const log = createLogger('trace', { write: (line: string) => void (written += line) });
  nagaya = await startTestService({ tracing: { url: `${collector.url}/v1/traces`, protocol: 'http/json', serviceName: 'nagaya-under-test' } }, log);
  await sendCanaries();
  const traced = await nagaya.request('POST', `${PRODUCT}/memories`, { body: { sessionId: 's', memoryType: 't', memoryContent: {} }, headers: { ...TRACEPARENT, 'idempotency-key': 'traced' } });
  asked['traced'] = traced.headers.get('x-request-id') ?? '';
  const refused = await nagaya.request('GET', `${PRODUCT}/nothing`, { headers: { ...TRACEPARENT, 'x-request-id': 'refused-1' } });
  asked['refused'] = refused.body['requestId'] ?? '';
  const alone = await nagaya.request('GET', `${PRODUCT}/memories`);
  asked['alone'] = alone.headers.get('x-request-id') ?? '';
  await nagaya.request('GET', '/health/live', { key: null });
  await nagaya.stop();
  spans = collector.spans();
}, 120_000);
afterAll(() => collector.stop());

async function sendCanaries(): Promise<void> {
  const headers = { 'x-canary': CANARY, cookie: CANARY, 'user-agent': CANARY, 'idempotency-key': `${CANARY}-key` };
  const memory = { sessionId: CANARY, memoryType: CANARY, memoryContent: { [CANARY]: CANARY, n: NUMBER } };
  const conversation = { sessionId: CANARY, userMessage: CANARY, aiResponse: CANARY, embedding: EMBEDDING, contextData: { CANARY } };
  const send = (method: string, path: string, body?: unknown, more: object = {}) => nagaya.request(method, path, { body, headers, ...more });
  // What is taken, and what is refused by each of those who can refuse.
  expect((await send('POST', `${PRODUCT}/memories`, memory)).status).toBe(201);
  expect((await send('POST', `${PRODUCT}/memories`, { ...memory, memoryType: `${CANARY}2` })).status).toBe(422);
  expect((await send('POST', `${PRODUCT}/conversations`, conversation)).status).toBe(201);
  expect((await send('POST', `${PRODUCT}/conversations/search`, { embedding: BASE64, sessionId: CANARY })).status).toBe(200);
  expect((await send('POST', `${PRODUCT}/conversations/search`, { embedding: [NUMBER] })).status).toBe(400);
  expect((await send('POST', `${PRODUCT}/memories`, `{"sessionId": "${CANARY}", ${CANARY}`)).status).toBe(400);
  expect((await send('POST', `${PRODUCT}/events`, { eventType: CANARY, eventData: {}, timestamp: '1999-01-01T00:00:00Z' })).status).toBe(400);
  await send('GET', `${PRODUCT}/memories?sessionId=${CANARY}&${CANARY}=1`);
  await send('GET', `${PRODUCT}/mistake-patterns/${CANARY}`);
  await send('GET', `${PRODUCT}/${CANARY}/%zz`);
  expect((await send('GET', `${PRODUCT}/memories`, undefined, { key: newApiKey('product') })).status).toBe(401);
  expect((await send('GET', `${PRODUCT}/memories`, undefined, { key: `ngy_pk_${CANARY}` })).status).toBe(401);
  // The keys that it makes are shown to who asked, and to nobody else.
  expect((await send('POST', '/v1/api-keys', { name: CANARY }, { key: nagaya.keys.operator })).status).toBe(201);
  // What breaks behind it: an error of the database has values, and the statement, about it.
  const violation = { violationType: CANARY, violationDescription: CANARY, originalResponse: CANARY, severityLevel: 'low' };
  await withBroken(
    `ALTER TABLE coding_rule2.constitutional_violations ALTER violation_type TYPE integer USING 0`,
    `ALTER TABLE coding_rule2.constitutional_violations ALTER violation_type TYPE varchar(50)`,
    async () => expect((await nagaya.request('POST', `${PRODUCT}/violations`, { body: violation })).status).toBeGreaterThanOrEqual(400),
  );
  await withBroken(
    'REVOKE INSERT ON coding_rule2.memory_inheritance FROM coding_rule2',
    'GRANT INSERT ON coding_rule2.memory_inheritance TO coding_rule2',
    async () => expect((await nagaya.request('POST', `${PRODUCT}/memories`, { body: memory })).status).toBe(500),
  );
  await withBroken(
    `ALTER TABLE coding_rule2.constitutional_violations ADD CONSTRAINT canary CHECK (violation_type <> '${CANARY}')`,
    'ALTER TABLE coding_rule2.constitutional_violations DROP CONSTRAINT canary',
    async () => expect((await nagaya.request('POST', `${PRODUCT}/violations`, { body: violation })).status).toBe(400),
  );
  await withBroken(
    'ALTER TABLE coding_rule2.conversation_context RENAME TO hidden',
    'ALTER TABLE coding_rule2.hidden RENAME TO conversation_context',
    async () => expect((await nagaya.request('POST', `${PRODUCT}/conversations`, { body: conversation })).status).toBe(503),
  );
}

/** None of it, and none of the keys. */
function expectDiscreet(text: string): void {
  expect(text).not.toContain(CANARY);
  expect(text).not.toContain(String(NUMBER).slice(2));
  expect(text).not.toContain(BASE64.slice(0, 64));
  for (const key of Object.values(nagaya.keys)) expect(text).not.toContain(key.slice(12));
  expect(text).not.toMatch(/ngy_(op|pk)_[0-9A-Za-z]{10,}/);
}

describe('the log, at its most talkative', () => {
  test('has a line for each request with its id, product, route and status, and nothing of what callers sent, also where it went wrong', () => {
    const made = lines().find((line) => line.requestId === asked['traced'] && line.msg === 'request');
    expect(made).toMatchObject({ route: `${PRODUCT}/memories`, productId: 'coding_rule2', status: 201, level: 'info' });
    expect(lines().filter((line) => line.level === 'error').length).toBeGreaterThanOrEqual(2);
    expectDiscreet(written);
  });

  test("says which trace a request belongs to: the caller's, or the one that begins here", () => {
    const traceOf = (id: string | undefined) => lines().filter((line) => line.requestId === id).map((line) => line.traceId);
    expect(traceOf(asked['traced'])).toEqual([TRACE]);
    expect(traceOf(asked['refused'])).toEqual([TRACE]);
    expect(asked['refused']).toBe('refused-1');
    expect(traceOf(asked['alone'])).toEqual([expect.stringMatching(/^[0-9a-f]{32}$/)]);
    expect(traceOf(asked['alone'])).not.toEqual([TRACE]);
  });
});

describe('the traces', () => {
  const requestSpan = (id: string | undefined) => spans.find((span) => span.attributes['nagaya.request_id'] === id);

  test('have a span for each request in the trace of its caller, named by route', () => {
    expect(collector.resource()).toMatchObject({ 'service.name': 'nagaya-under-test' });
    expect(collector.paths.every((path) => path === '/v1/traces')).toBe(true);
    expect(requestSpan(asked['traced'])).toMatchObject({
      traceId: TRACE,
      parentSpanId: '00f067aa0ba902b7',
      kind: 2,
      name: `POST ${PRODUCT}/memories`,
      attributes: { 'http.request.method': 'POST', 'http.route': `${PRODUCT}/memories`, 'nagaya.product_id': 'coding_rule2' },
    });
    expect(Number(requestSpan(asked['traced'])?.attributes['http.response.status_code'])).toBe(201);
    expect(requestSpan('refused-1')).toMatchObject({ name: 'GET', traceId: TRACE });
    expect(requestSpan(asked['alone'])?.parentSpanId ?? '').toBe('');
    expect(spans.filter((span) => span.name.includes('/health'))).toEqual([]);
  });

  test('have its statements below it, on whichever login, after its body was read too', () => {
    const parent = requestSpan(asked['traced']);
    const below = spans.filter((span) => span.parentSpanId === parent?.spanId);
    expect(below.map((span) => span.name)).toEqual(expect.arrayContaining(['START', 'INSERT', 'COMMIT']));
    expect(below.every((span) => span.kind === 3 && span.attributes['db.system.name'] === 'postgresql' && ['coding_rule2', 'nagaya_control'].includes(String(span.attributes['nagaya.role'])))).toBe(true);
    expect(below.some((span) => String(span.attributes['db.query.text']).includes('memory_inheritance'))).toBe(true);
  });

  test('say what went wrong by its code, and nothing of what callers sent', () => {
    const failed = spans.filter((span) => span.status.code === 2);
    expect(failed.map((span) => span.attributes['error.type'])).toEqual(expect.arrayContaining(['500', '42501', '42P01']));
    expectDiscreet(JSON.stringify(spans));
  });
});

test('protobuf is what is sent unless JSON is asked for; a collector that is away harms nobody', async () => {
  const other = await startCollector();
  const service = await startTestService({ tracing: { url: `${other.url}/v1/traces`, protocol: 'http/protobuf', serviceName: 'nagaya' } });
  await service.request('GET', `${PRODUCT}/memories`);
  await other.stop();
  const away = await startCollector();
  await away.stop();
  await service.request('GET', `${PRODUCT}/memories`);
  await service.stop();

  const again = await startCollector();
  const second = await startTestService({ tracing: { url: `${again.url}/v1/traces`, protocol: 'http/protobuf', serviceName: 'nagaya' } });
  expect((await second.request('GET', `${PRODUCT}/memories`)).status).toBe(200);
  await second.stop();
  expect(new Set(again.types)).toEqual(new Set(['application/x-protobuf']));
  expect(Buffer.concat(again.bodies).includes(`GET ${PRODUCT}/memories`)).toBe(true);
  await again.stop();
});

test('without OpenTelemetry, the trace of the caller is in the log all the same', async () => {
  let text = '';
  const quiet = await startTestService({}, createLogger('info', { write: (line: string) => void (text += line) }));
  await quiet.request('GET', `${PRODUCT}/memories`, { headers: TRACEPARENT });
  await quiet.request('GET', `${PRODUCT}/memories`, { headers: { traceparent: 'nonsense' } });
  await quiet.stop();
  const requests = text.split('\n').filter((line) => line.includes('"msg":"request"')).map((line) => JSON.parse(line) as LogLine);
  expect(requests.map((line) => line.traceId)).toEqual([TRACE, undefined]);
});
