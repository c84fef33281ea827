import { Writable } from 'node:stream';
import type { CompletedPart } from '@aws-sdk/client-s3';
import { AppError } from '../../../errors/app-error.js';
import type { BucketClient } from './bucket-client.js';

/** S3's own limit. */
const MOST_PARTS = 10_000;
/** Parts on their way at the same time; one more is being filled. So many buffers an upload holds, however large it becomes. */
const AT_ONCE = 2;

/**
 * A file of unknown length on its way into a bucket, in parts: nothing of it is there before the last one. What fits into one
 * part is put as a whole. The SDK's own (lib-storage) does not wait for parts that are on their way when it is stopped, which
 * then stay behind, paid for and seen by nobody.
 */
export class PartUpload extends Writable {
  bytes = 0;
  private filling: Buffer | undefined;
  private filled = 0;
  private readonly spare: Buffer[] = [];
  private upload: Promise<string> | undefined;
  private readonly parts: Promise<CompletedPart>[] = [];
  private readonly underWay = new Set<Promise<unknown>>();
  private readonly stopped = new AbortController();
  private finished = false;

  constructor(
    private readonly client: BucketClient,
    private readonly key: string,
    private readonly partBytes: number,
    private readonly onPart: () => Promise<void>,
  ) {
    super({ highWaterMark: 1024 * 1024 });
  }

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.take(chunk).then(() => done(), done);
  }

  override _final(done: (error?: Error | null) => void): void {
    this.finishUpload().then(() => done(), done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.stopped.abort();
    done(error);
  }

  /** Waits for what is on its way, and frees what an upload that did not finish has left in the bucket. Does not throw. */
  async settle(): Promise<void> {
    await Promise.allSettled(this.underWay);
    if (this.finished || this.upload === undefined) return;
    await this.upload.then((id) => this.client.abortUpload(this.key, id)).catch(() => {});
  }

  private async take(chunk: Buffer): Promise<void> {
    this.bytes += chunk.length;
    for (let from = 0; from < chunk.length; ) {
      // A full part waits for one more byte: only then it is known not to be the whole file.
      if (this.filled === this.partBytes) await this.sendPart();
      this.filling ??= this.spare.pop() ?? Buffer.allocUnsafe(this.partBytes);
      const copied = chunk.copy(this.filling, this.filled, from);
      this.filled += copied;
      from += copied;
    }
  }

  private async finishUpload(): Promise<void> {
    const rest = this.filling?.subarray(0, this.filled) ?? Buffer.alloc(0);
    if (this.upload === undefined) {
      await this.track(this.client.put(this.key, rest, this.stopped.signal));
    } else {
      await this.sendPart();
      const [id, parts] = [await this.upload, await Promise.all(this.parts)];
      await this.track(this.client.completeUpload(this.key, id, parts, this.stopped.signal));
    }
    this.finished = true;
  }

  private async sendPart(): Promise<void> {
    const content = this.filling;
    if (content === undefined) return;
    const number = this.parts.length + 1;
    if (number > MOST_PARTS) {
      throw new AppError('unavailable', `The file ${this.key} has more than ${MOST_PARTS} parts of ${this.partBytes / 1024 ** 2} MiB, which is all that S3 takes. Raise NAGAYA_BACKUP_S3_PART_SIZE.`);
    }
    this.upload ??= this.track(this.client.beginUpload(this.key));
    const id = await this.upload;
    const part = this.track(
      this.client.uploadPart(this.key, id, number, content.subarray(0, this.filled), this.stopped.signal).then(async (sent) => {
        this.spare.push(content);
        await this.onPart();
        return sent;
      }),
    );
    this.parts.push(part);
    [this.filling, this.filled] = [undefined, 0];
    await this.parts[this.parts.length - 1 - AT_ONCE];
  }

  private track<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    const forget = (): void => void this.underWay.delete(work);
    work.then(forget, forget);
    return work;
  }
}
