import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { request as ask, createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BucketSettings } from '../../../src/config/bucket-settings.js';
import { OpenUploads } from './open-uploads.js';

/** What s3rver takes; it has one account, built in. */
const CREDENTIALS = { accessKeyId: 'S3RVER', secretAccessKey: 'S3RVER' };
const BUCKET = 'nagaya-backups';

interface S3rverContext {
  readonly path: string;
  readonly state: object;
  mountPath?: string;
}

interface S3rver {
  /** Koa's. */
  readonly middleware: ((context: S3rverContext, next: () => Promise<void>) => Promise<void>)[];
  run(): Promise<{ port: number }>;
  close(): Promise<void>;
}

export interface Asked {
  readonly method: string;
  /** Without the bucket: `prefix/name/core.dump`. */
  readonly key: string;
  readonly query: URLSearchParams;
  /** That what was sent is kept; the one who sent it may not know yet. */
  kept: boolean;
}

/** What becomes of a request: undefined lets it through. */
export type Mishap = { readonly status: number; readonly code: string; readonly message?: string } | { readonly answer: string } | 'cut' | { readonly cutAfter: number } | { readonly dropLast: number };

/** An S3 server that can be made to fail. */
export interface BucketServer {
  readonly endpoint: string;
  /** Every request so far. */
  readonly asked: Asked[];
  /** Uploads in parts that were begun and neither completed nor aborted: they cost, and no list of objects shows them. */
  readonly openUploads: OpenUploads;
  mishap: (asked: Asked) => Mishap | undefined;
  settings(over?: Partial<BucketSettings>): BucketSettings;
  close(): Promise<void>;
}

/**
 * s3rver, which checks signatures, keeps objects and joins their parts, behind a front that notes what is asked, makes go wrong
 * what a test wants to, and answers what s3rver can't: which uploads are open, and their end.
 */
export async function startBucketServer(): Promise<BucketServer> {
  const directory = await mkdtemp(join(tmpdir(), 'nagaya-bucket-'));
  const Server = createRequire(import.meta.url)('@20minutes/s3rver') as new (options: object) => S3rver;
  const behind = new Server({ address: '127.0.0.1', port: 0, silent: true, directory, configureBuckets: [{ name: BUCKET }] });
  behind.middleware.unshift(signedWithSlash);
  const { port } = await behind.run();
  const front = createServer((request, response) => void answer(request, response));
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  const endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
  const server: BucketServer = {
    endpoint,
    asked: [],
    openUploads: new OpenUploads(),
    mishap: () => undefined,
    settings: (over = {}) => ({ bucket: BUCKET, prefix: 'house/one', endpoint, region: 'us-east-1', credentials: CREDENTIALS, pathStyle: true, partBytes: 5 * 1024 * 1024, ...over }),
    close: async () => {
      front.closeAllConnections();
      front.close();
      await behind.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
  return server;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', endpoint);
    const asked: Asked = { method: request.method ?? '', key: decodeURIComponent(url.pathname).split('/').slice(2).join('/'), query: url.searchParams, kept: false };
    server.asked.push(asked);
    const mishap = server.mishap(asked);
    if (mishap === 'cut') return void request.socket.destroy();
    if (mishap !== undefined && 'status' in mishap) return refuse(request, response, mishap);
    const own = mishap !== undefined && 'answer' in mishap ? { status: 200, body: mishap.answer } : server.openUploads.answer(asked);
    if (own !== undefined) return void request.resume().once('end', () => response.writeHead(own.status, { 'content-type': 'application/xml' }).end(own.body));
    const onward = ask({ port, host: '127.0.0.1', method: request.method, path: request.url, headers: request.headers }, (answered) => {
      asked.kept = answered.statusCode === 200;
      if (mishap !== undefined && !('answer' in mishap) && asked.method === 'GET') {
        void damage(answered, response, mishap);
        return;
      }
      response.writeHead(answered.statusCode ?? 502, answered.headers);
      server.openUploads.watch(asked, answered);
      answered.pipe(response);
    });
    onward.on('error', () => response.destroy());
    if (mishap !== undefined && 'dropLast' in mishap && asked.method === 'PUT') return void shorten(request, onward, mishap.dropLast);
    request.pipe(onward);
  }
}

/** The SDK signs `/bucket/`, as S3 reads it; s3rver puts the path together anew, and has that slash only where the bucket is the host. */
function signedWithSlash(context: S3rverContext, next: () => Promise<void>): Promise<void> {
  if (/^\/[^/]+\/$/.test(context.path)) {
    context.mountPath = '/';
    Object.defineProperty(context.state, 'vhost', { get: () => true, set: () => {} });
  }
  return next();
}

function refuse(request: IncomingMessage, response: ServerResponse, { status, code, message = 'as the test wants it' }: { status: number; code: string; message?: string }): void {
  request.resume();
  response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${message}</Message></Error>`);
}

/** An answer that breaks off, or that ends well and is not whole. */
async function damage(answered: IncomingMessage, response: ServerResponse, mishap: { cutAfter: number } | { dropLast: number }): Promise<void> {
  const content = Buffer.concat(await answered.toArray() as Buffer[]);
  if ('dropLast' in mishap) {
    response.writeHead(answered.statusCode ?? 502, { ...answered.headers, 'content-length': content.length - mishap.dropLast });
    return void response.end(content.subarray(0, -mishap.dropLast));
  }
  response.writeHead(answered.statusCode ?? 502, answered.headers);
  response.write(content.subarray(0, mishap.cutAfter), () => response.socket?.end());
}

/** A bucket that keeps less than it was sent, and says that all is well. */
async function shorten(request: IncomingMessage, onward: ReturnType<typeof ask>, dropLast: number): Promise<void> {
  const content = Buffer.concat(await request.toArray() as Buffer[]);
  onward.removeHeader('transfer-encoding');
  onward.setHeader('content-length', content.length - dropLast);
  onward.end(content.subarray(0, -dropLast));
}
