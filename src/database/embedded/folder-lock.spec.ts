import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { findHolder, FolderLock } from './folder-lock.js';
import { ownIdentity } from './process-identity.js';

describe('FolderLock', () => {
  let folder = '';
  const put = (number: number, holder: object | string) => {
    const path = join(folder, `nagaya.${number}.lock`);
    writeFileSync(path, typeof holder === 'string' ? holder : JSON.stringify(holder));
    return path;
  };

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'nagaya-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('keeps a second one out, says who has it and where, and leaves nothing behind', async () => {
    const lock = await FolderLock.acquire(folder);
    lock.publish(5432);
    await expect(FolderLock.acquire(folder)).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining(`process ${process.pid}.`) });
    expect(await findHolder(folder)).toEqual({ ...ownIdentity(), port: 5432 });
    const [name = ''] = readdirSync(folder);
    expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    lock.release();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('takes over from a dead process, from one whose number another has now, and from a torn file', async () => {
    put(1, { ...ownIdentity(), pid: 2 ** 22 + 1 });
    put(2, { ...ownIdentity(), started: 'long ago' });
    put(3, '{"pid":');
    const lock = await FolderLock.acquire(folder);
    expect(readdirSync(folder)).toEqual(['nagaya.4.lock']);
    lock.release();
  });

  it('gives a folder with a stale lock to exactly one of many', async () => {
    put(7, { ...ownIdentity(), pid: 2 ** 22 + 1 });
    const results = await Promise.allSettled(Array.from({ length: 20 }, () => FolderLock.acquire(folder)));
    const winners = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(winners).toHaveLength(1);
    for (const lock of winners) lock.release();
  });

  it('believes a holder of another container for as long as it touches its lock', async () => {
    const path = put(1, { pid: 1, host: 'another', started: '1' });
    const touching = setInterval(() => {
      const now = new Date();
      utimesSync(path, now, now);
    }, 100);
    await expect(FolderLock.acquire(folder)).rejects.toMatchObject({ code: 'conflict' });
    clearInterval(touching);
    const longAgo = new Date(Date.now() - 60_000);
    utimesSync(path, longAgo, longAgo);
    const lock = await FolderLock.acquire(folder);
    expect(JSON.parse(readFileSync(join(folder, 'nagaya.2.lock'), 'utf8'))).toEqual(ownIdentity());
    lock.release();
  });
});
