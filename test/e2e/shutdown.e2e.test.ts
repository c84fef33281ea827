import { once } from 'node:events';
import { request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { json } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { closed } from '../support/closed.js';
import { openTestDatabase } from '../support/database.js';
import { startTestService, type TestService } from '../support/service.js';

const PATH = '/v1/products/coding_rule2/memories';
const MEMORY = JSON.stringify({ sessionId: 's', memoryType: 't', memoryContent: { kept: true } });

let nagaya: TestService;
beforeEach(async () => {
  nagaya = await startTestService();
});
afterEach(() => nagaya.database.drop());

interface InFlight {
  /** Sends the rest and answers what comes back. */
  finish(): Promise<{ status: number | undefined; connection: string | undefined; body: unknown }>;
}

/** A request that the service has begun to read and waits for: it has said so by "100 Continue". */
async function begin(): Promise<InFlight> {
  const request: ClientRequest = httpRequest(nagaya.service.url + PATH, {
    method: 'POST',
    headers: { authorization: `Bearer ${nagaya.keys.codingRule2}`, 'content-type': 'application/json', 'content-length': Buffer.byteLength(MEMORY), expect: '100-continue' },
  });
  const answered = once(request, 'response') as Promise<[IncomingMessage]>;
  answered.catch(() => {});
  request.flushHeaders();
  await once(request, 'continue');
  return {
    finish: async () => {
      request.end(MEMORY);
      const [response] = await answered;
      return { status: response.statusCode, connection: response.headers.connection, body: await json(response) };
    },
  };
}

/** Whether a new connection is refused. */
function isRefused(): Promise<boolean> {
  const { hostname, port } = new URL(nagaya.service.url);
  const socket = connect(Number(port), hostname);
  return new Promise((resolve, reject) => {
    socket.once('connect', () => resolve(false));
    // Reset: it stood in the listener's queue when that was closed.
    socket.once('error', (error: NodeJS.ErrnoException) => (['ECONNREFUSED', 'ECONNRESET'].includes(error.code ?? '') ? resolve(true) : reject(error)));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

test('requests in flight are answered while the service closes, what they wrote is there, nothing new is begun, and the probes say so', async () => {
  const requests = [await begin(), await begin(), await begin()];
  let closed = false;
  const closing = nagaya.service.close().then(() => (closed = true));
  for (let n = 0; n < 3; n++) {
    const refused = await nagaya.request('GET', PATH);
    expect([refused.status, refused.body['code'], refused.headers.get('retry-after'), refused.headers.get('connection')]).toEqual([503, 'unavailable', '1', 'close']);
  }
  expect((await nagaya.request('GET', '/health/live', { key: null })).status).toBe(200);
  expect(await nagaya.request('GET', '/health/ready', { key: null })).toMatchObject({ status: 503, body: { error: { process: { status: 'down' } } } });
  expect(closed).toBe(false);
  const answers = [];
  for (const request of requests) answers.push(await request.finish());
  expect(answers).toEqual(requests.map(() => ({ status: 201, connection: 'close', body: expect.objectContaining({ memoryContent: { kept: true } }) })));
  await closing;
  expect(await isRefused()).toBe(true);

  const database = await openTestDatabase(nagaya.database);
  try {
    expect(await database.databases.product('coding_rule2').query('SELECT id FROM memory_inheritance')).toHaveLength(3);
  } finally {
    await database.close();
  }
});

test('a service that nobody asks anything closes at once, although connections to it are open', async () => {
  // fetch keeps its connection for the next request.
  for (let n = 0; n < 3; n++) expect((await nagaya.request('GET', PATH)).status).toBe(200);
  await nagaya.service.close();
  expect(await isRefused()).toBe(true);
});

test('connections that were opened and say nothing do not keep the service from closing', async () => {
  const { hostname, port } = new URL(nagaya.service.url);
  const silent = Array.from({ length: 3 }, () => connect(Number(port), hostname));
  await Promise.all(silent.map((socket) => once(socket, 'connect')));
  const ended = silent.map((socket) => closed(socket.resume()));
  // The server has seen them too.
  expect((await nagaya.request('GET', PATH.replace('memories', 'violations'))).status).toBe(200);
  await nagaya.service.close();
  await Promise.all(ended);
});
