import { MANIFEST_FILE } from '../../archive/manifest.js';
import type { BucketClient, StoredObject } from './bucket-client.js';

const MARKERS = '.unfinished/';

/** Which keys a backup has, and the marker that says that it is begun, or being deleted. */
export class BucketFolder {
  /** What every key begins with. */
  readonly root: string;

  constructor(
    private readonly client: BucketClient,
    prefix: string,
  ) {
    this.root = prefix === '' ? '' : `${prefix}/`;
  }

  keyOf(name: string, path: string): string {
    return `${this.root}${name}/${path}`;
  }

  async objectsOf(name: string): Promise<StoredObject[]> {
    const found: StoredObject[] = [];
    for await (const object of this.client.list(this.keyOf(name, ''))) found.push(object);
    return found;
  }

  /** Puts the marker, or touches it: a sign of life. */
  async mark(name: string): Promise<void> {
    await this.client.put(this.markerOf(name), 'This backup is being written or deleted, or that was cut off. The next backup sweeps it away a day later.\n');
  }

  async unmark(name: string): Promise<void> {
    await this.client.delete(this.markerOf(name));
  }

  async marked(): Promise<{ readonly name: string; readonly touched: Date }[]> {
    const found: { name: string; touched: Date }[] = [];
    const prefix = this.root + MARKERS;
    for await (const { key, modified } of this.client.list(prefix)) found.push({ name: key.slice(prefix.length), touched: modified });
    return found;
  }

  /** The manifest goes first, so that half a backup is none; the marker last, so that what is left of it is found again. */
  async erase(name: string): Promise<void> {
    await this.client.delete(this.keyOf(name, MANIFEST_FILE));
    await this.client.abortUploads(this.keyOf(name, ''));
    for (const { key } of await this.objectsOf(name)) await this.client.delete(key);
    await this.unmark(name);
  }

  private markerOf(name: string): string {
    return this.root + MARKERS + name;
  }
}
