import 'reflect-metadata';
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Module, Post, Query, ServiceUnavailableException } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '../errors/app-error.js';
import { ProblemJsonFilter } from '../errors/problem-json.filter.js';
import { createFastifyAdapter } from './fastify.js';
import { EmbeddingField, InstantField, ItemsField, JsonField, TextField } from './fields.js';
import { createLogger, NestLogger } from './logging.js';
import { PageQuery } from './paging.js';
import { TextPath, UuidPath } from './path-params.js';
import { ValidationPipe } from './validation.pipe.js';

class Note {
  @TextField({ description: 'What it says.', example: 'hello', max: 5 })
  text!: string;

  @InstantField({ description: 'When.', example: '2026-01-01T00:00:00Z', optional: true })
  at?: Date;

  @JsonField({ description: 'Anything else.', example: { a: 1 }, default: {} })
  data!: Record<string, unknown>;

  @EmbeddingField({ description: 'A small vector.', dimensions: 3, optional: true })
  vector?: Float32Array;
}

class Notes {
  @ItemsField({ description: 'The notes.', type: () => Note, min: 1, max: 3 })
  items!: Note[];
}

const SECRETS = 'coding_rule2 uq_secret nagaya_control';
const HEALTH_REPORT = { status: 'error', info: {}, error: {}, details: { database: { status: 'down' } } };

const FAILURES: Readonly<Record<string, () => unknown>> = {
  error: () => new Error(SECRETS),
  undefined: () => undefined,
  duplicate: () => Object.assign(new Error(SECRETS), { code: '23505', detail: SECRETS, constraint: 'uq_secret' }),
  cancelled: () => Object.assign(new Error(SECRETS), { driverError: Object.assign(new Error(SECRETS), { code: '57014' }) }),
  busy: () => new Error('timeout exceeded when trying to connect'),
  locked: () => new AppError('idempotency_in_progress', 'Still at work.', { retryAfter: 2 }),
  anonymous: () => new AppError('unauthenticated', 'Send a key.'),
  unhealthy: () => new ServiceUnavailableException(HEALTH_REPORT),
};

@Controller('v1/products/:productId/notes')
class NotesController {
  @Post()
  create(@Body() note: Note): object {
    return { kind: note.constructor.name, ...note, vector: note.vector && [...note.vector] };
  }

  @Post('batch')
  createMany(@Body() notes: Notes): object {
    return { accepted: notes.items.length };
  }

  @Post('touch')
  touch(): object {
    return { touched: true };
  }

  @Get()
  list(@Query() query: PageQuery): object {
    return query;
  }

  @Get('failing/:how')
  fail(@TextPath('how', { description: 'How.', max: 10 }) how: string): never {
    throw FAILURES[how]?.();
  }

  @Get(':id')
  read(@UuidPath() id: string): object {
    return { id };
  }
}

@Module({ controllers: [NotesController] })
class ToyModule {}

const NOTES = '/v1/products/coding_rule2/notes';
let app: NestFastifyApplication;
let logged: string[] = [];

beforeAll(async () => {
  const logger = createLogger('info', { write: (line) => void logged.push(line) });
  const adapter = createFastifyAdapter({ bodyLimit: 4_000_000, logger });
  app = await NestFactory.create<NestFastifyApplication>(ToyModule, adapter, { logger: new NestLogger(logger) });
  app.useGlobalPipes(new ValidationPipe()).useGlobalFilters(new ProblemJsonFilter());
  await app.listen(0, '127.0.0.1');
});

afterAll(async () => app.close());

const REQUEST_ID = { 'x-request-id': 'test-1' };

async function get(url: string) {
  return app.inject({ method: 'GET', url, headers: REQUEST_ID });
}

async function post(payload: string | Buffer | object, headers: Record<string, string> = {}, url = NOTES) {
  return app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...REQUEST_ID, ...headers } });
}

function problem(code: string, status: number, title: string, detail: unknown) {
  return { type: `urn:nagaya:problem:${code}`, title, status, code, detail, requestId: 'test-1' };
}

const NOT_FOUND = problem('not_found', 404, 'Not found', 'There is nothing at this address that this key may see. Check the address and the key.');

function invalid(...errors: [pointer: string, detail: unknown][]) {
  const detail = 'The request is not valid: see "errors" for each field that has to change.';
  return { ...problem('validation_failed', 400, 'The request is not valid', detail), errors: errors.map(([pointer, why]) => ({ pointer, detail: why })) };
}

describe('a good request', () => {
  it('reaches its handler as an instance of its class and is answered with its id', async () => {
    const answer = await post({ text: 'héllo', at: '2026-01-01T09:00:00+09:00', vector: [1, 2, 3] });
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['x-request-id']).toBe('test-1');
    expect(answer.json()).toEqual({ kind: 'Note', text: 'héllo', at: '2026-01-01T00:00:00.000Z', data: {}, vector: [1, 2, 3] });
  });

  it('needs no body where the operation takes none, whatever its content-type says', async () => {
    expect((await post('', {}, `${NOTES}/touch`)).json()).toEqual({ touched: true });
    expect((await app.inject({ method: 'POST', url: `${NOTES}/touch` })).json()).toEqual({ touched: true });
  });

  it('gets an id of its own where it brings none, or an odd one', async () => {
    for (const odd of [undefined, 'a b', 'x'.repeat(65), '']) {
      const answer = await app.inject({ url: NOTES, headers: odd === undefined ? {} : { 'x-request-id': odd } });
      expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4/);
    }
  });
});

describe('a bad body', () => {
  const hello = (data: string): string => `{"text":"a","data":${data}}`;
  it.each<[string, string | Buffer, [string, unknown]]>([
    ['broken JSON', '{"text":', ['', 'the body is not valid JSON: it ends too early']],
    ['nothing', '', ['', 'this request needs a JSON object as its body, with content-type: application/json']],
    ['null', 'null', ['', 'the body must be a JSON object; it is null']],
    ['a list', '[]', ['', 'the body must be a JSON object; it is a list']],
    ['3,000 levels', hello('['.repeat(3_000) + ']'.repeat(3_000)), [`/data${'/0'.repeat(63)}`, 'must not be nested deeper than 64 levels']],
    ['1,000,000 levels', hello('['.repeat(1_000_000) + ']'.repeat(1_000_000)), ['', 'the body must not be nested deeper than 64 levels']],
    ['an overflowing number', hello('{"x":[1e999]}'), ['/data/x/0', 'must be a number that a double can hold']],
    ['NUL', hello('{"x":"\\u0000"}'), ['/data/x', 'must not contain the character NUL (U+0000); there is one at position 0']],
    ['a lone surrogate', '{"text":"\\ud800"}', ['/text', 'must be well-formed Unicode; there is a lone surrogate at position 0']],
    ['__proto__', hello('{"__proto__":{"admin":true}}'), ['/data/__proto__', 'must not be named __proto__']],
    ['constructor.prototype', hello('{"constructor":{"prototype":{}}}'), ['/data/constructor', 'must not hold a property named prototype']],
    ['bytes that are no UTF-8', Buffer.from('{"text":"\xff"}', 'latin1'), ['', 'the body must be JSON in UTF-8; it contains bytes that are not UTF-8']],
    ['an unknown field', '{"text":"a","extra":1}', ['/extra', 'is not known here; known are: text, at, data, vector']],
    ['a long text', '{"text":"123456"}', ['/text', 'must be at most 5 characters long; it has 6']],
    ['a wrong dimension', '{"text":"a","vector":[1,2]}', ['/vector', 'must have exactly 3 numbers; it has 2']],
  ])('with %s is refused', async (_what, body, error) => {
    const answer = await post(body);
    expect(answer.json()).toEqual(invalid(error));
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['content-type']).toBe('application/problem+json; charset=utf-8');
  });

  it('points into a batch', async () => {
    const answer = await post({ items: [{ text: 'a' }, { text: 1 }] }, {}, `${NOTES}/batch`);
    expect(answer.json()).toEqual(invalid(['/items/1/text', 'must be text (a JSON string)']));
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', 'nonsense'])(
    'of type %s is refused',
    async (type) => {
      const answer = await post('text=a', { 'content-type': type });
      expect(answer.statusCode).toBe(415);
      expect(answer.json()).toEqual(
        problem('unsupported_media_type', 415, 'The body must be JSON', 'Send the body as JSON, with content-type: application/json.'),
      );
    },
  );

  it('in another charset is refused', async () => {
    const answer = await post('{"text":"a"}', { 'content-type': 'application/json; charset=utf-16' });
    expect(answer.json()).toEqual(invalid(['/header/content-type', 'must name the charset utf-8, or none: JSON is UTF-8']));
  });

  it('that is too large is refused, and the limit told', async () => {
    const answer = await post({ text: 'a'.repeat(4_000_001) });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()).toEqual(
      problem('payload_too_large', 413, 'The body is too large', 'The body must not be larger than 4,000,000 bytes. Send it in several requests.'),
    );
  });
});

describe('a bad address', () => {
  it.each([['/nope'], ['/'], [`${NOTES}/a/b/c`], [NOTES.toUpperCase()], [`${NOTES}/`]])('%s answers the one 404', async (url) => {
    const answer = await get(url);
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual(NOT_FOUND);
  });

  it.each<[string, [string, unknown]]>([
    ['no-uuid', ['/path/id', 'must be a UUID']],
    ['%00', ['/path/id', 'must be a UUID']],
    ['failing/12345678901', ['/path/how', 'must be at most 10 characters long; it has 11']],
    ['failing/%00', ['/path/how', 'must not contain the character NUL (U+0000); there is one at position 0']],
    ['failing/%ff', ['/path', 'must be valid percent-encoded UTF-8']],
    ['failing/%ed%a0%80', ['/path', 'must be valid percent-encoded UTF-8']],
    ['failing/%zz', ['/path', 'must be valid percent-encoded UTF-8']],
    [`failing/${'x'.repeat(2_001)}`, ['/path', 'has a part that is too long']],
    ['?limit=abc', ['/query/limit', 'must be a whole number from 1 to 100']],
    ['?limit=', ['/query/limit', 'must be a whole number from 1 to 100']],
    ['?limit=1&limit=2', ['/query/limit', 'must be given only once']],
    ['?cursor=%00', ['/query/cursor', expect.stringContaining('NUL')]],
    ['?__proto__=1', ['/query/__proto__', 'is not known here; known are: limit, cursor']],
    ['?a%20b=1', ['/query/a b', 'is not known here; known are: limit, cursor']],
  ])('%s is refused', async (rest, error) => {
    const answer = await get(rest.startsWith('?') ? NOTES + rest : `${NOTES}/${rest}`);
    expect(answer.json()).toEqual(invalid(error));
    expect(answer.statusCode).toBe(400);
    expect(answer.headers['x-request-id']).toBe('test-1');
  });
});

describe('a failure', () => {
  const internal = problem(
    'internal',
    500,
    'Something went wrong on our side',
    'This should not have happened, and it has been logged. If it happens again, report it with the requestId.',
  );
  it.each<[string, object, Record<string, unknown>]>([
    ['error', internal, {}],
    ['undefined', internal, {}],
    ['duplicate', problem('conflict', 409, 'The request conflicts with what is there', expect.stringContaining('the same key')), {}],
    ['cancelled', problem('timeout', 504, 'It took too long', expect.stringContaining('time allowed')), {}],
    ['busy', problem('unavailable', 503, 'Unavailable for the moment', expect.any(String)), { 'retry-after': expect.stringMatching(/^[1-5]$/) }],
    ['locked', problem('idempotency_in_progress', 409, 'The same request is still at work', 'Still at work.'), { 'retry-after': '2' }],
    ['anonymous', problem('unauthenticated', 401, 'A valid API key is required', 'Send a key.'), { 'www-authenticate': 'Bearer' }],
  ])('(%s) is answered without a word of its cause', async (how, body, headers) => {
    const answer = await get(`${NOTES}/failing/${how}`);
    expect(answer.json()).toEqual(body);
    expect(answer.headers).toMatchObject({ 'content-type': 'application/problem+json; charset=utf-8', 'x-request-id': 'test-1', ...headers });
    for (const secret of SECRETS.split(' ')) expect(answer.body).not.toContain(secret);
  });

  it('of a health check is its report', async () => {
    const answer = await get(`${NOTES}/failing/unhealthy`);
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toEqual(HEALTH_REPORT);
  });

  it('of ours is logged with its cause and the request id', async () => {
    logged = [];
    await get(`${NOTES}/failing/error`);
    const lines = logged.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines[0]).toMatchObject({ level: 'error', requestId: 'test-1', code: 'internal', err: { message: SECRETS, stack: expect.any(String) } });
  });
});

describe('the log of requests', () => {
  it('has one line for each, without its key, its body, its ids or its query', async () => {
    logged = [];
    await app.inject({
      method: 'POST',
      url: `${NOTES}?token=s3cret`,
      payload: { text: 's3crt' },
      headers: { ...REQUEST_ID, authorization: 'Bearer ngy_pk_s3cret', cookie: 's3cret' },
    });
    expect(logged).toHaveLength(1);
    expect(JSON.parse(logged[0]!)).toEqual({
      level: 'info',
      time: expect.any(String),
      pid: expect.any(Number),
      hostname: expect.any(String),
      requestId: 'test-1',
      method: 'POST',
      route: '/v1/products/:productId/notes',
      status: 201,
      durationMs: expect.any(Number),
      productId: 'coding_rule2',
      msg: 'request',
    });
  });

  it('has no product that is none', async () => {
    logged = [];
    await get('/v1/products/Robert%22);--/notes');
    expect(JSON.parse(logged[0]!)).not.toHaveProperty('productId');
  });
});

describe('on a real connection', () => {
  const port = (): number => (app.getHttpServer().address() as AddressInfo).port;

  async function exchange(bytes: string): Promise<string> {
    return new Promise((resolve, reject) => {
      let received = '';
      const socket = connect(port(), '127.0.0.1', () => socket.write(bytes));
      socket.on('data', (data) => (received += data.toString()));
      socket.on('close', () => resolve(received));
      socket.on('error', reject);
    });
  }

  async function head(path: string): Promise<{ response: IncomingMessage; body: string }> {
    return new Promise((resolve, reject) => {
      httpRequest({ host: '127.0.0.1', port: port(), path, method: 'HEAD' }, (response) => {
        let body = '';
        response.on('data', (data: Buffer) => (body += data.toString()));
        response.on('end', () => resolve({ response, body }));
      })
        .on('error', reject)
        .end();
    });
  }

  it.each<[string, string, number, string]>([
    ['what is no HTTP', 'NONSENSE\r\n\r\n', 400, 'validation_failed'],
    ['headers without end', `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'validation_failed'],
    ['an address without end', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`, 431, 'validation_failed'],
  ])('%s is answered with a problem', async (_what, bytes, status, code) => {
    const [top, body] = (await exchange(bytes)).split('\r\n\r\n');
    expect(top).toContain(`HTTP/1.1 ${status} `);
    expect(top).toContain('content-type: application/problem+json; charset=utf-8');
    expect(JSON.parse(body!)).toMatchObject({ type: `urn:nagaya:problem:${code}`, status, code, requestId: expect.any(String) });
  });

  it.each([
    ['that says how long it is', 'Content-Length: 6000000', (bytes: number) => 'x'.repeat(bytes)],
    ['in chunks', 'Transfer-Encoding: chunked', (bytes: number) => `${bytes.toString(16)}\r\n${'x'.repeat(bytes)}\r\n`],
  ])('a body %s and is too large is taken to its end, so that whoever is still sending it reads why', async (_how, length, piece) => {
    const end = length.startsWith('Transfer') ? '0\r\n\r\n' : '';
    let received = '';
    const socket = connect(port(), '127.0.0.1');
    socket.setEncoding('utf8').on('data', (data: string) => (received += data));
    const broken = new Promise<never>((_resolve, reject) => socket.on('close', () => reject(new Error(`closed after ${received}`))).on('error', reject));
    broken.catch(() => {});
    const answered = async (what: string): Promise<void> => {
      while (!received.includes(what)) await Promise.race([broken, once(socket, 'data')]);
    };
    socket.write(`POST ${NOTES} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${length}\r\n\r\n${piece(4_000_001)}`);
    await answered('payload_too_large');
    socket.write(`${piece(1_999_999)}${end}GET ${NOTES}?next=1 HTTP/1.1\r\nHost: a\r\n\r\n`);
    await answered('HTTP/1.1 400 ');
    expect(received).toMatch(/^HTTP\/1.1 413 /);
    socket.destroy();
  });

  it.each([
    ['/nope', 404],
    [`${NOTES}/no-uuid`, 400],
    [`${NOTES}/failing/error`, 500],
    [NOTES, 200],
  ])('HEAD %s answers %i without a body', async (path, status) => {
    const { response, body } = await head(path);
    expect(response.statusCode).toBe(status);
    expect(body).toBe('');
  });
});
