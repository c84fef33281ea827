import { randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { inspect } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startBucketServer, type Asked, type BucketServer, type Mishap } from '../../../../test/support/bucket/bucket-server.js';
import type { BackupWriter } from '../backup-store.js';
import { BucketClient } from './bucket-client.js';
import { BucketStore } from './bucket-store.js';

const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;
const PART = 5 * MIB;
const DOWN: Mishap = { status: 500, code: 'InternalError' };
/** Everything is stale for a sweep that looks a minute ahead. */
const NOW = -60_000;

let server: BucketServer;
let store: BucketStore;
let count = 0;

beforeAll(async () => {
  server = await startBucketServer();
});
afterAll(() => server.close());
beforeEach(() => {
  store = new BucketStore(server.settings({ prefix: `mishaps/${++count}` }));
});
afterEach(() => {
  server.mishap = () => undefined;
});

const write = (writer: BackupWriter, path: string, content: Buffer | string): Promise<void> => writer.write(path, Readable.from([content], { objectMode: false }), NEVER);
const namesIn = async (): Promise<string[]> => [...(await store.manifests()).keys()];

/** Every object below the store's prefix, markers too. */
async function keysLeft(): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of new BucketClient(server.settings()).list(`mishaps/${count}/`)) keys.push(key.split('/').slice(2).join('/'));
  return keys;
}

async function keep(name: string, content: Buffer | string = 'rows'): Promise<void> {
  const writer = await store.begin(name);
  await write(writer, 'core.dump', content);
  await writer.commit('{}');
}

/** Lets so many of the requests that fit go wrong. */
function failing(fits: (asked: Asked) => boolean, mishap: Mishap, times = Infinity): void {
  let left = times;
  server.mishap = (asked) => (fits(asked) && left-- > 0 ? mishap : undefined);
}

describe('what goes wrong once', () => {
  it.each<[string, Mishap]>([
    ['a broken connection', 'cut'],
    ['a 500', DOWN],
    ['a 503', { status: 503, code: 'SlowDown' }],
  ])('is tried again: %s', async (_what, mishap) => {
    failing(({ query }) => query.get('partNumber') === '2', mishap, 1);
    const content = randomBytes(13 * MIB);
    await keep('backup', content);
    expect((await buffer(await store.read('backup', 'core.dump'))).equals(content)).toBe(true);
  });

  it('is gone on from, where an object breaks off while it is read', async () => {
    const content = randomBytes(3 * MIB);
    await keep('backup', content);
    failing(({ method, key }) => method === 'GET' && key.endsWith('core.dump'), { cutAfter: MIB }, 2);
    expect((await buffer(await store.read('backup', 'core.dump'))).equals(content)).toBe(true);
    const ranges = server.asked.filter(({ method, key }) => method === 'GET' && key.includes(`mishaps/${count}/backup/core.dump`));
    expect(ranges).toHaveLength(3);
  });
});

describe('what stays wrong is told, and nothing is half there:', () => {
  it.each<[string, (asked: Asked) => boolean, Mishap, RegExp]>([
    ['a part that never arrives', ({ query }) => query.get('partNumber') === '2', 'cut', /core\.dump.*does not answer, or broke off/],
    ['a part that is refused', ({ query }) => query.get('partNumber') === '2', DOWN, /core\.dump.*answers with errors/],
    ['an upload that can be neither begun nor not', ({ query, method }) => method === 'POST' && query.has('uploads'), { status: 403, code: 'AccessDenied' }, /They need s3:ListBucket.*s3:AbortMultipartUpload/],
    ['the parts that are not joined', ({ query, method }) => method === 'POST' && query.has('uploadId'), DOWN, /answers with errors/],
    ['a bucket that is full', ({ query }) => query.get('partNumber') === '2', { status: 507, code: 'XMinioStorageFull' }, /no room left/],
    ['the manifest that is refused', ({ method, key }) => method === 'PUT' && key.endsWith('manifest.json'), { status: 403, code: 'AccessDenied' }, /manifest\.json.*refuses this/],
    ['an object that does not arrive whole', ({ method, key }) => method === 'PUT' && key.endsWith('roles.sql'), { dropLast: 2 }, /roles\.sql/],
    ['an object that is taken and not kept', ({ method, key }) => method === 'PUT' && key.endsWith('roles.sql'), { answer: '' }, /does not hold what was sent.*roles\.sql is not there/],
  ])('%s', async (_what, fits, mishap, message) => {
    const writer = await store.begin('backup');
    failing(fits, mishap);
    const made = (async () => {
      await write(writer, 'roles.sql', 'CREATE ROLE');
      await write(writer, 'core.dump', randomBytes(13 * MIB));
      await writer.commit('{}');
    })();
    await expect(made).rejects.toMatchObject({ name: 'AppError', code: 'unavailable', message: expect.stringMatching(message) });
    await writer.abort();
    expect(await namesIn()).toEqual([]);
    expect(await keysLeft()).toEqual([]);
    expect(server.openUploads.keys).toEqual([]);
  });

  it('a bucket that is gone for good: what it has is swept when it is back, its open uploads too', async () => {
    const writer = await store.begin('backup');
    await write(writer, 'roles.sql', 'CREATE ROLE');
    failing(({ query, method }) => query.get('partNumber') === '2' || method === 'DELETE', 'cut');
    await expect(write(writer, 'core.dump', randomBytes(13 * MIB))).rejects.toMatchObject({ code: 'unavailable' });
    await writer.abort();
    server.mishap = () => undefined;
    expect(await namesIn()).toEqual([]);
    expect(server.openUploads.keys).toHaveLength(1);
    await store.sweep(3_600_000);
    expect(await keysLeft()).not.toEqual([]);
    await store.sweep(NOW);
    expect(await keysLeft()).toEqual([]);
    expect(server.openUploads.keys).toEqual([]);
  });

  it('a list that is not whole is none: nobody takes a backup for lost, or the last but one for the last', async () => {
    for (const name of ['first', 'second']) await keep(name);
    failing(({ method, key }) => method === 'GET' && key.endsWith('second/manifest.json'), DOWN);
    await expect(store.manifests()).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('answers with errors') });
  });

  it('an object that breaks off again and again', async () => {
    await keep('backup', randomBytes(3 * MIB));
    failing(({ method, key }) => method === 'GET' && key.endsWith('core.dump'), { cutAfter: 0 });
    await expect(store.read('backup', 'core.dump').then(buffer)).rejects.toMatchObject({ code: 'unavailable', message: expect.stringMatching(/broke again and again.*0 of 3145728 bytes/) });
  });
});

describe('cut off', () => {
  it('while it is removed, a backup is none any more, and the sweep takes the rest', async () => {
    await keep('backup');
    failing(({ method, key }) => method === 'DELETE' && key.endsWith('core.dump'), DOWN);
    await expect(store.remove('backup')).rejects.toMatchObject({ code: 'unavailable' });
    server.mishap = () => undefined;
    expect(await namesIn()).toEqual([]);
    await store.sweep(NOW);
    expect(await keysLeft()).toEqual([]);
  });

  it('after its manifest, a backup is whole, and the sweep takes nothing but its marker', async () => {
    failing(({ method, key }) => method === 'DELETE' && key.includes('.unfinished'), DOWN);
    await keep('backup');
    server.mishap = () => undefined;
    expect(await keysLeft()).toContain('.unfinished/backup');
    await store.sweep(NOW);
    expect((await keysLeft()).sort()).toEqual(['backup/core.dump', 'backup/manifest.json']);
    expect(await namesIn()).toEqual(['backup']);
  });

  it('a service that can not list open uploads is no hindrance', async () => {
    await write(await store.begin('backup'), 'core.dump', 'rows');
    failing(({ method, query }) => method === 'GET' && query.has('uploads'), { status: 501, code: 'NotImplemented' });
    await store.sweep(NOW);
    expect(await keysLeft()).toEqual([]);
  });
});

describe('settings that are wrong', () => {
  const SECRET = 'a-secret-that-nobody-may-see';
  const began = (over: Parameters<BucketServer['settings']>[0]): Promise<unknown> => new BucketStore(server.settings(over)).begin('backup').catch((error: unknown) => error);

  it.each<[string, Parameters<BucketServer['settings']>[0], RegExp]>([
    ['a bucket that is not there', { bucket: 'elsewhere' }, /bucket elsewhere at .*There is no such bucket/],
    ['another secret', { credentials: { accessKeyId: 'S3RVER', secretAccessKey: SECRET } }, /refuses the credentials.*NAGAYA_BACKUP_S3_SECRET_ACCESS_KEY/],
    ['a key that is not known', { credentials: { accessKeyId: 'ANOTHER', secretAccessKey: SECRET } }, /refuses the credentials/],
  ])('are named: %s', async (_what, over, message) => {
    const error = await began(over);
    expect(error).toMatchObject({ code: 'unavailable', message: expect.stringMatching(message) });
    expect(inspect(error, { depth: 10, showHidden: true })).not.toContain(SECRET);
  });

  it('are named: an address where nobody listens', async () => {
    const closed = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => closed.once('listening', resolve));
    const { port } = closed.address() as { port: number };
    await new Promise((resolve) => closed.close(resolve));
    expect(await began({ endpoint: `http://127.0.0.1:${port}` })).toMatchObject({ message: expect.stringContaining('does not answer') });
  });

  it('and a service that repeats what it was sent puts no secret into a message', async () => {
    server.mishap = () => ({ status: 403, code: 'AccessDenied', message: `S3RVER may not, with ${SECRET}` });
    const error = await began({ credentials: { accessKeyId: 'S3RVER', secretAccessKey: SECRET } });
    expect(error).toMatchObject({ message: expect.stringContaining('*** may not, with ***') });
  });
});

it('lists page after page', async () => {
  const page = (keys: string[], next?: string): string =>
    `<ListBucketResult><IsTruncated>${next !== undefined}</IsTruncated>${next === undefined ? '' : `<NextContinuationToken>${next}</NextContinuationToken>`}${keys
      .map((key) => `<Contents><Key>${key}</Key><Size>4</Size><LastModified>2026-11-24T00:00:00.000Z</LastModified></Contents><CommonPrefixes><Prefix>${key}/</Prefix></CommonPrefixes>`)
      .join('')}</ListBucketResult>`;
  // s3rver's own continuation tokens need a cipher that OpenSSL 3 has no longer.
  server.mishap = ({ query }) => ({ answer: query.get('continuation-token') === 'more' ? page(['c']) : page(['a', 'b'], 'more') });
  const client = new BucketClient(server.settings());
  const keys: string[] = [];
  for await (const { key } of client.list('')) keys.push(key);
  expect(keys).toEqual(['a', 'b', 'c']);
  expect(await client.entries('')).toEqual(['a', 'b', 'c']);
});

it('holds no more of a file than three parts at a time', async () => {
  const begun = server.asked.length;
  const kept = (): number => server.asked.slice(begun).filter((asked) => asked.query.has('partNumber') && asked.kept).length;
  const writer = await store.begin('backup');
  const piece = Buffer.alloc(MIB);
  let most = 0;
  const long = Readable.from(
    (function* () {
      for (let read = 0; read < 120; read++) {
        most = Math.max(most, read * MIB - kept() * PART);
        yield piece;
      }
    })(),
    { objectMode: false },
  );
  await writer.write('core.dump', long, NEVER);
  await writer.abort();
  expect(kept()).toBe(24);
  // What the streams before the parts hold comes on top.
  expect(most).toBeLessThanOrEqual(3 * PART + 3 * MIB);
  expect(most).toBeGreaterThan(PART);
});
