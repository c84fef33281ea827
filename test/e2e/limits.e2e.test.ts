import { once } from 'node:events';
import { request as httpRequest, type ClientRequest } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newApiKey } from '../../src/auth/api-key-format.js';
import { closed } from '../support/closed.js';
import { refusal } from '../support/problem.js';
import { startTestService, type TestService } from '../support/service.js';

const PRODUCT = '/v1/products/coding_rule2';
const BODY_LIMIT = 1024 * 1024;

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService({ bodyLimit: BODY_LIMIT });
});
afterAll(() => nagaya.stop());

describe('a method that an address does not take', () => {
  const asked = async (method: string, path: string, key: string | null) => {
    const answer = await nagaya.request(method, path, { key });
    return [answer.status, answer.headers.get('allow')];
  };

  test('answers 405 and those that it takes', async () => {
    const { operator, codingRule2 } = nagaya.keys;
    expect(await asked('DELETE', `${PRODUCT}/events`, codingRule2)).toEqual([405, 'GET, HEAD, POST']);
    expect(await asked('PATCH', `${PRODUCT}/mistake-patterns/any%2Fthing`, codingRule2)).toEqual([405, 'GET, HEAD, PUT']);
    expect(await asked('GET', `${PRODUCT}/events/batch?x=1`, operator)).toEqual([405, 'POST']);
    expect(await asked('PUT', '/v1/ai-systems', operator)).toEqual([405, 'GET, HEAD, POST']);
    expect(await asked('POST', '/health/live', null)).toEqual([405, 'GET, HEAD']);
    const { body } = await nagaya.request('DELETE', `${PRODUCT}/events`);
    expect(body).toMatchObject({ status: 405, code: 'method_not_allowed', requestId: expect.any(String) });
  });

  test('tells nobody of addresses that are not theirs', async () => {
    const { operator, codingRule2, teaHouse } = nagaya.keys;
    expect(await asked('DELETE', `${PRODUCT}/events`, null)).toEqual([401, null]);
    for (const [path, key] of [
      [`${PRODUCT}/events`, teaHouse],
      [`${PRODUCT}/suspend`, codingRule2],
      ['/v1/ai-systems', codingRule2],
      ['/v1/products/nobody/events', operator],
      [`${PRODUCT}/nothing`, operator],
    ] as const) {
      expect({ path, answer: await asked('PATCH', path, key) }).toEqual({ path, answer: [404, null] });
    }
  });
});

describe('a body in which nothing has to be said', () => {
  test('may be left out', async () => {
    const path = `${PRODUCT}/mistake-patterns/said-nothing/occurrences`;
    const bare = await nagaya.request('POST', path);
    const empty = await nagaya.request('POST', path, { headers: { 'content-type': 'application/json' }, body: '' });
    const braces = await nagaya.request('POST', path, { body: {} });
    expect([bare, empty, braces].map((answer) => [answer.status, answer.body['occurrences']])).toEqual([[201, 1], [201, 2], [201, 3]]);
  });

  test('elsewhere is still asked for', async () => {
    expect(refusal(await nagaya.request('POST', `${PRODUCT}/memories`))).toEqual([400, 'validation_failed', '']);
  });
});

describe('large bodies', () => {
  /** A request whose body is announced and held back. */
  async function begin(key: string, path: string): Promise<{ request: ClientRequest; status: Promise<number> }> {
    const request = httpRequest(nagaya.service.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': BODY_LIMIT },
    });
    request.on('error', () => {});
    const status = (once(request, 'response') as Promise<[{ statusCode: number; resume(): void }]>).then(([response]) => (response.resume(), response.statusCode));
    status.catch(() => {});
    request.write('{');
    return { request, status };
  }

  test('are read up to a bound, half of it for one product; others are let in, and it is free again when they end', async () => {
    const held = [];
    for (let n = 0; n < 2; n++) held.push(await begin(nagaya.keys.codingRule2, `${PRODUCT}/memories`));
    // Told before its body has come.
    const third = await refusedEventually(() => begin(nagaya.keys.codingRule2, `${PRODUCT}/memories`));
    expect(third).toBe(503);
    const small = await nagaya.request('POST', `${PRODUCT}/memories`, { body: { sessionId: 's', memoryType: 't', memoryContent: {} } });
    expect(small.status).toBe(201);
    const neighbour = await nagaya.request('POST', '/v1/products/tea_house/events', { key: nagaya.keys.teaHouse, body: { eventType: 't', eventData: { text: 'x'.repeat(100_000) } } });
    expect(neighbour.status).toBe(201);
    for (const { request } of held) request.destroy();
    for (;;) {
      const again = await nagaya.request('POST', `${PRODUCT}/memories`, { body: { sessionId: 's', memoryType: 't', memoryContent: { text: 'x'.repeat(900_000) } } });
      if (again.status === 201) break;
      expect([again.status, again.body['code'], again.headers.get('retry-after')]).toEqual([503, 'unavailable', '1']);
    }
  });

  /** Those before it may not have arrived yet when it does. */
  async function refusedEventually(next: () => Promise<{ request: ClientRequest; status: Promise<number> }>): Promise<number> {
    const begun = await next();
    const status = await begun.status;
    begun.request.destroy();
    return status;
  }

  test('that do not say their length count as they come: one too many is refused as soon as it is, and its place is free when they end', async () => {
    const path = `${PRODUCT}/memories`;
    const chunked = (): { request: ClientRequest; status: Promise<number> } => {
      const request = httpRequest(nagaya.service.url + path, { method: 'POST', headers: { authorization: `Bearer ${nagaya.keys.codingRule2}`, 'content-type': 'application/json', 'transfer-encoding': 'chunked' } });
      request.on('error', () => {});
      const status = (once(request, 'response') as Promise<[{ statusCode: number; resume(): void }]>).then(([response]) => (response.resume(), response.statusCode));
      status.catch(() => {});
      request.write(`{"memoryContent":{"text":"${'x'.repeat(900_000)}`);
      return { request, status };
    };
    const begun = Array.from({ length: 3 }, chunked);
    // Whichever comes last: half of four bodies of 1 MiB holds two of these.
    expect(await Promise.race(begun.map(({ status }) => status))).toBe(503);
    const small = await nagaya.request('POST', path, { body: { sessionId: 's', memoryType: 't', memoryContent: {} } });
    expect(small.status).toBe(201);
    for (const { request } of begun) request.destroy();
    let status: number;
    do ({ status } = await nagaya.request('POST', path, { body: { sessionId: 's', memoryType: 't', memoryContent: { text: 'x'.repeat(900_000) } } }));
    while (status === 503);
    expect(status).toBe(201);
  });

  test('of more objects than any operation takes are refused before they are made', async () => {
    const roomy = await startTestService();
    try {
      const answer = await roomy.request('POST', `${PRODUCT}/memories`, { body: `{"memoryContent":[${'{},'.repeat(1_000_001)}{}]}` });
      expect(refusal(answer)).toEqual([400, 'validation_failed', '']);
      expect(JSON.stringify(answer.body)).toContain('1,000,000 objects');
    } finally {
      await roomy.stop();
    }
  });
});

describe('keys that open nothing', () => {
  test('are looked up so many times a minute from one address; whoever has a working key goes on', async () => {
    const statuses: number[] = [];
    for (let n = 0; n < 130; n++) statuses.push((await nagaya.request('GET', '/v1/products', { key: newApiKey('operator') })).status);
    expect(statuses.slice(0, 120)).toEqual(Array.from({ length: 120 }, () => 401));
    expect(statuses.slice(120)).toEqual(Array.from({ length: 10 }, () => 429));
    const refused = await nagaya.request('GET', '/v1/products', { key: newApiKey('operator') });
    expect(refused.body['code']).toBe('rate_limited');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    // Looked up anew after two seconds, and not held back then either.
    expect((await nagaya.request('GET', `${PRODUCT}/memories`)).status).toBe(200);
    // What is no key at all costs nothing and is not counted.
    expect((await nagaya.request('GET', '/v1/products', { key: 'ngy_op_mistyped' })).status).toBe(401);
    expect((await nagaya.request('GET', '/v1/products', { key: null })).status).toBe(401);
  });
});

test('what is no HTTP is told so, and its connection ended', async () => {
  const { hostname, port } = new URL(nagaya.service.url);
  const socket = connect(Number(port), hostname);
  const over = closed(socket);
  let text = '';
  socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
  socket.write('NONSENSE\r\n\r\n');
  await over;
  expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
  expect(text).toContain('"code":"validation_failed"');
});
