import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../../errors/app-error.js';
import { MANIFEST_FILE } from '../../archive/manifest.js';
import type { BackupWriter } from '../backup-store.js';
import type { BucketClient } from './bucket-client.js';
import type { BucketFolder } from './bucket-folder.js';
import { PartUpload } from './part-upload.js';

/** How often a backup that is being written says that it still is. The sweep looks for those silent for a day. */
const SIGN_OF_LIFE_MS = 10 * 60_000;

export class BucketWriter implements BackupWriter {
  private readonly written = new Map<string, number>();
  private readonly uploads = new Set<PartUpload>();
  private markedAt = Date.now();

  constructor(
    private readonly client: BucketClient,
    private readonly folder: BucketFolder,
    private readonly name: string,
    private readonly options: { readonly location: string; readonly partBytes: number },
  ) {}

  async write(path: string, content: Readable, signal: AbortSignal): Promise<void> {
    const key = this.folder.keyOf(this.name, path);
    const upload = new PartUpload(this.client, key, this.options.partBytes, () => this.stayMarked());
    this.uploads.add(upload);
    await pipeline(content, upload, { signal });
    this.uploads.delete(upload);
    this.written.set(key, upload.bytes);
    await this.stayMarked();
  }

  folderOf(): undefined {
    return undefined;
  }

  async commit(manifest: string): Promise<string> {
    await this.assertStored();
    await this.client.put(this.folder.keyOf(this.name, MANIFEST_FILE), manifest);
    // It is whole; a marker that stays is taken away by the next sweep.
    await this.folder.unmark(this.name).catch(() => {});
    return this.options.location;
  }

  /** What can't be deleted now has its marker, and no manifest. */
  async abort(): Promise<void> {
    await Promise.all([...this.uploads].map((upload) => upload.settle()));
    await this.folder.erase(this.name).catch(() => {});
  }

  /** What the bucket says that it holds is what was sent. */
  private async assertStored(): Promise<void> {
    const stored = new Map((await this.folder.objectsOf(this.name)).map(({ key, bytes }) => [key, bytes]));
    for (const [key, bytes] of this.written) {
      const found = stored.get(key);
      if (found === bytes) continue;
      throw new AppError('unavailable', `The bucket does not hold what was sent to it: ${key} ${found === undefined ? 'is not there' : `has ${found} bytes instead of ${bytes}`}. The backup is given up.`);
    }
  }

  private async stayMarked(): Promise<void> {
    if (Date.now() - this.markedAt < SIGN_OF_LIFE_MS) return;
    this.markedAt = Date.now();
    await this.folder.mark(this.name);
  }
}
