import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough, type Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { type BackupKey, ENCRYPTED_SUFFIX } from '../archive/cipher.js';
import { Digest, digestFile } from '../archive/digest.js';
import type { StoredFile } from '../archive/manifest.js';
import type { BackupWriter } from '../store/backup-store.js';

/** Writes files into a store: encrypted where there is a key, hashed as they are stored. */
export class ArchiveWriter {
  constructor(
    private readonly writer: BackupWriter,
    private readonly backupId: string,
    private readonly key: BackupKey | undefined,
    private readonly signal: AbortSignal,
    private readonly onBytes: (bytes: number) => void,
  ) {}

  /**
   * @param complete rejects where the content turns out not to be whole; the file is not finished then
   */
  async write(path: string, content: Readable, complete: Promise<void> = Promise.resolve()): Promise<StoredFile> {
    const stored = this.key === undefined ? path : path + ENCRYPTED_SUFFIX;
    const digest = new Digest(this.onBytes);
    const sealed = this.key === undefined ? new PassThrough() : this.key.encrypt(nameOf(this.backupId, path));
    // The end of a program's output is no proof that the program ended well.
    const whole = content.pipe(new PassThrough({ final: (done) => void complete.then(() => done(), done) }));
    content.once('error', (error) => whole.destroy(error));
    await Promise.all([pipeline(whole, sealed, digest, { signal: this.signal }), this.writer.write(stored, digest, this.signal)]);
    return { path: stored, bytes: digest.bytes, sha256: digest.sha256() };
  }

  /** Where a program may write the files below `path` itself; undefined where they have to pass through here, to be encrypted or sent. */
  folderOf(path: string): string | undefined {
    return this.key === undefined ? this.writer.folderOf(path) : undefined;
  }

  /** Reads what a program has written, and put on the disk, in the folder of that name. */
  async adopt(path: string, name: string): Promise<StoredFile> {
    const file = join(this.writer.folderOf(path) ?? '', name);
    await chmod(file, 0o600);
    return { path: `${path}/${name}`, ...(await digestFile(file, this.signal, this.onBytes)) };
  }
}

/** What a file is called in its encryption: it can't stand for another file, or in another backup. */
export function nameOf(backupId: string, path: string): string {
  return `${backupId}/${path}`;
}
