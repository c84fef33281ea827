import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { BucketSettings } from '../../../config/bucket-settings.js';
import { MANIFEST_FILE } from '../../archive/manifest.js';
import { missingFile, type BackupStore, type BackupWriter } from '../backup-store.js';
import { BucketClient } from './bucket-client.js';
import { BucketFolder } from './bucket-folder.js';
import { BucketWriter } from './bucket-writer.js';
import { readOn } from './read-on.js';

/** Requests at the same time where there are many to make. */
const LANES = 8;

/**
 * Backups below a prefix of a bucket, laid out as a folder of backups is, so that a copy of the one is the other. Nothing can be
 * renamed there: a backup exists from the moment that its manifest, the last object of it, does. A marker beside it, put first and
 * taken away last, tells what was begun and not finished.
 */
export class BucketStore implements BackupStore {
  readonly place: string;
  private readonly client: BucketClient;
  private readonly folder: BucketFolder;

  constructor(private readonly settings: BucketSettings) {
    this.place = `s3://${[settings.bucket, settings.prefix].filter((part) => part !== '').join('/')}`;
    this.client = new BucketClient(settings);
    this.folder = new BucketFolder(this.client, settings.prefix);
  }

  async begin(name: string): Promise<BackupWriter> {
    await this.folder.mark(name);
    return new BucketWriter(this.client, this.folder, name, { location: `${this.place}/${name}`, partBytes: this.settings.partBytes });
  }

  async manifests(): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const names = (await this.client.entries(this.folder.root)).filter((name) => !name.startsWith('.')).sort();
    for (let from = 0; from < names.length; from += LANES) {
      const texts = await Promise.all(names.slice(from, from + LANES).map(async (name) => [name, await this.manifestOf(name)] as const));
      for (const [name, manifest] of texts) if (manifest !== undefined) found.set(name, manifest);
    }
    return found;
  }

  async read(name: string, path: string): Promise<Readable> {
    const key = this.folder.keyOf(name, path);
    const first = await this.client.get(key);
    if (first === undefined) throw missingFile(name, path);
    return Readable.from(readOn(this.client, key, first), { objectMode: false, highWaterMark: 1024 * 1024 });
  }

  pathOf(): undefined {
    return undefined;
  }

  fileOf(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async sizesOf(name: string): Promise<Map<string, number>> {
    const root = this.folder.keyOf(name, '');
    return new Map((await this.folder.objectsOf(name)).map(({ key, bytes }) => [key.slice(root.length), bytes]));
  }

  async remove(name: string): Promise<void> {
    // Cut off midway, it is still known by its marker.
    await this.folder.mark(name);
    await this.folder.erase(name);
  }

  async sweep(olderThanMs: number): Promise<void> {
    const marked = await this.folder.marked();
    const before = this.client.now().getTime() - olderThanMs;
    for (const { name, touched } of marked) {
      if (touched.getTime() >= before) continue;
      // Whole, and only its marker was not taken away any more.
      if ((await this.manifestOf(name)) === undefined) await this.folder.erase(name);
      else await this.folder.unmark(name);
    }
  }

  private async manifestOf(name: string): Promise<string | undefined> {
    const key = this.folder.keyOf(name, MANIFEST_FILE);
    const first = await this.client.get(key);
    return first === undefined ? undefined : text(Readable.from(readOn(this.client, key, first)));
  }
}
