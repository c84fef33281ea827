import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from '@jest/globals';

import { AppError } from '../errors/app-error.js';
import { DemoApi, onlyOnce } from './api.js';

let server: Server | undefined;

async function serve(handler: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const started = createServer(handler);
  server = started;
  await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(started.address() as AddressInfo).port}`;
}

async function failureOf(promise: Promise<unknown>): Promise<AppError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof AppError)) throw new Error(`expected an AppError, got ${String(error)}`);
  return error;
}

const writing = (api: DemoApi): Promise<unknown> =>
  api.answer('Writing conversations', api.at.POST('/v1/products/coding_rule2/conversations/batch', { ...onlyOnce(), body: { items: [] } }));
const listing = (api: DemoApi): Promise<unknown> => api.answer('Listing', api.at.GET('/v1/products/coding_rule2/conversations'));

describe('DemoApi', () => {
  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  it('names the operation, status, code, detail and each field of a problem', async () => {
    const base = await serve((_, response) => {
      response.writeHead(400, { 'content-type': 'application/problem+json' });
      response.end(
        JSON.stringify({
          code: 'validation_failed',
          detail: 'The request is not valid.',
          errors: [{ pointer: '/items/1/userMessage', detail: 'must not be empty' }],
          requestId: 'r-17',
        }),
      );
    });
    const error = await failureOf(writing(new DemoApi(base, 'k')));
    expect(error.code).toBe('validation_failed');
    expect(error.fields).toEqual([{ pointer: '/items/1/userMessage', detail: 'must not be empty' }]);
    expect(error.message).toBe(
      'Writing conversations: POST /v1/products/coding_rule2/conversations/batch answered 400 validation_failed.\nThe request is not valid.\n  /items/1/userMessage: must not be empty\n  (request r-17)',
    );
  });

  it('shows the beginning of an answer that is no problem+json', async () => {
    const base = await serve((_, response) => response.writeHead(502).end('<h1>Bad gateway</h1>'));
    const error = await failureOf(listing(new DemoApi(base, 'k')));
    expect(error.code).toBe('internal');
    expect(error.message).toContain('answered 502');
    expect(error.message).toContain('<h1>Bad gateway</h1>');
  });

  it('says so when a page answers that is not the API', async () => {
    const base = await serve((_, response) => response.end('<html>'));
    const error = await failureOf(listing(new DemoApi(base, 'k')));
    expect(error.message).toContain('not in JSON');
  });

  it('tells how to go on when nothing listens', async () => {
    const base = await serve(() => undefined);
    await new Promise((resolve) => server?.close(resolve));
    const error = await failureOf(listing(new DemoApi(base, 'k')));
    expect(error.code).toBe('unavailable');
    expect(error.message).toContain('nagaya start');
  });

  it('ends at once with the caller’s reason when the caller aborts', async () => {
    const base = await serve(() => undefined);
    const abort = new AbortController();
    const reason = new Error('stopped by SIGINT');
    const request = listing(new DemoApi(base, 'k', abort.signal));
    abort.abort(reason);
    await expect(request).rejects.toBe(reason);
  });

  it('sends its key and an idempotency key with what it writes only', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const base = await serve((request, response) => {
      seen.push(request.headers);
      response.end('{}');
    });
    const api = new DemoApi(`${base}/`, 'ngy_pk_x');
    await writing(api);
    await writing(api);
    await listing(api);
    expect(seen.map((headers) => headers.authorization)).toEqual(Array(3).fill('Bearer ngy_pk_x'));
    expect(seen[0]?.['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
    expect(seen[1]?.['idempotency-key']).not.toBe(seen[0]?.['idempotency-key']);
    expect(seen[2]?.['idempotency-key']).toBeUndefined();
  });
});
