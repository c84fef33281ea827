import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { startBucketServer, type BucketServer } from '../../../test/support/bucket/bucket-server.js';
import type { BackupStore, BackupWriter } from './backup-store.js';
import { BucketStore } from './bucket/bucket-store.js';
import { FolderStore } from './folder-store.js';

const NEVER = new AbortController().signal;
const MIB = 1024 * 1024;

let server: BucketServer;
let folder: string;
let count = 0;

beforeAll(async () => {
  server = await startBucketServer();
});
afterAll(() => server.close());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-store-'));
});
afterEach(async () => {
  server.mishap = () => undefined;
  await rm(folder, { recursive: true, force: true });
});

const write = (writer: BackupWriter, path: string, content: Buffer | string, signal = NEVER): Promise<void> => writer.write(path, Readable.from([content], { objectMode: false }), signal);

async function keep(store: BackupStore, name: string, files: Record<string, Buffer | string> = { 'core.dump': 'rows' }): Promise<void> {
  const writer = await store.begin(name);
  for (const [path, content] of Object.entries(files)) await write(writer, path, content);
  await writer.commit(`the manifest of ${name}`);
}

const namesIn = async (store: BackupStore): Promise<string[]> => [...(await store.manifests()).keys()].sort();

/** What any store does, so that the verbs need not know which one it is. */
describe.each<[string, () => BackupStore]>([
  ['a folder', () => new FolderStore(join(folder, 'backups'))],
  ['a bucket', () => new BucketStore(server.settings({ prefix: `conformance/${++count}` }))],
  ['a whole bucket', () => new BucketStore(server.settings({ prefix: '' }))],
])('%s', (_kind, open) => {
  it('has nothing before the first backup, and says so by an empty list', async () => {
    expect(await (open()).manifests()).toEqual(new Map());
  });

  it('gives back what was written, under the names it was written by', async () => {
    const store = open();
    const large = randomBytes(12 * MIB + 7);
    await keep(store, 'first', { 'core.dump': large, 'tea_house/toc.dat': 'contents', 'tea_house/1234.dat': '', 'roles.sql': 'CREATE ROLE' });
    expect([...(await store.manifests())]).toEqual([['first', 'the manifest of first']]);
    expect(Object.fromEntries(await store.sizesOf('first'))).toEqual({ 'core.dump': large.length, 'tea_house/toc.dat': 8, 'tea_house/1234.dat': 0, 'roles.sql': 11, 'manifest.json': 21 });
    expect((await buffer(await store.read('first', 'core.dump'))).equals(large)).toBe(true);
    expect((await buffer(await store.read('first', 'tea_house/toc.dat'))).toString()).toBe('contents');
    expect(await buffer(await store.read('first', 'tea_house/1234.dat'))).toHaveLength(0);
    await store.remove('first');
  });

  it('shows a backup from the moment that it is whole, and not before', async () => {
    const store = open();
    const writer = await store.begin('second');
    await write(writer, 'core.dump', 'rows');
    expect(await namesIn(store)).toEqual([]);
    expect(await writer.commit('{}')).toBe(join(store.place, 'second').replace('s3:/', 's3://'));
    expect(await namesIn(store)).toEqual(['second']);
    await store.remove('second');
  });

  it('says that a file is missing, and nothing else of what may be wrong', async () => {
    const store = open();
    await keep(store, 'third');
    await expect(store.read('third', 'monitoring.dump')).rejects.toMatchObject({ code: 'not_found' });
    await expect(store.read('never', 'core.dump')).rejects.toMatchObject({ code: 'not_found' });
    await store.remove('third');
  });

  it('removes the backup that it is told to, whole, and no other', async () => {
    const store = open();
    for (const name of ['a', 'ab', 'b']) await keep(store, name, { 'core.dump': 'rows', 'x/1.dat': 'rows' });
    await store.remove('a');
    expect(await namesIn(store)).toEqual(['ab', 'b']);
    await expect(store.read('a', 'x/1.dat')).rejects.toMatchObject({ code: 'not_found' });
    expect((await buffer(await store.read('ab', 'x/1.dat'))).toString()).toBe('rows');
    await store.remove('ab');
    await store.remove('b');
  });

  it('leaves nothing of a backup that is given up, and what stops a file stops it', async () => {
    const store = open();
    const writer = await store.begin('given-up');
    await write(writer, 'core.dump', 'rows');
    const broken = Readable.from((function* () {
      yield randomBytes(11 * MIB);
      throw new Error('the dump broke');
    })(), { objectMode: false });
    await expect(writer.write('monitoring.dump', broken, NEVER)).rejects.toThrow('the dump broke');
    await writer.abort();
    expect(await namesIn(store)).toEqual([]);
    for (const path of ['core.dump', 'monitoring.dump']) await expect(store.read('given-up', path)).rejects.toMatchObject({ code: 'not_found' });
    expect(server.openUploads.keys).toEqual([]);
    await store.sweep(-60_000);
  });

  it('stops when it is told to', async () => {
    const store = open();
    const writer = await store.begin('stopped');
    const stop = new AbortController();
    const endless = Readable.from((function* () {
      for (let i = 0; ; i++) {
        if (i === 12) stop.abort();
        yield randomBytes(MIB);
      }
    })(), { objectMode: false });
    // Node 24 joins the stop and what it broke into one error of another name; who stopped it knows by the signal.
    expect(await writer.write('core.dump', endless, stop.signal).then(() => 'written', () => 'stopped')).toBe('stopped');
    await writer.abort();
    expect(await namesIn(store)).toEqual([]);
    expect(server.openUploads.keys).toEqual([]);
  });

  it('sweeps what was cut off and nobody touches any more, and only that', async () => {
    const store = open();
    await keep(store, 'whole');
    await write(await store.begin('cut-off'), 'core.dump', 'rows');
    await store.sweep(3_600_000);
    const another = await store.begin('at-work');
    await write(another, 'core.dump', 'rows');
    await another.commit('{}');
    await store.sweep(-60_000);
    expect(await namesIn(store)).toEqual(['at-work', 'whole']);
    await expect(store.read('cut-off', 'core.dump')).rejects.toMatchObject({ code: 'not_found' });
    expect((await buffer(await store.read('whole', 'core.dump'))).toString()).toBe('rows');
    for (const name of ['whole', 'at-work']) await store.remove(name);
  });

  it('keeps several backups that are written at the same time apart', async () => {
    const store = open();
    const names = ['one', 'two', 'three'];
    await Promise.all(names.map((name) => keep(store, name, { 'core.dump': name.repeat(2 * MIB) })));
    for (const name of names) {
      expect((await buffer(await store.read(name, 'core.dump'))).toString()).toBe(name.repeat(2 * MIB));
      await store.remove(name);
    }
  });
});
