import { createHash } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';

/** Lets bytes through, counts them and hashes them. */
export class Digest extends Transform {
  bytes = 0;
  private readonly hash = createHash('sha256');

  /** @param onBytes told of each piece's size as it passes */
  constructor(private readonly onBytes: (bytes: number) => void = () => {}) {
    super();
  }

  override _transform(data: Buffer, _encoding: string, done: TransformCallback): void {
    this.bytes += data.length;
    this.hash.update(data);
    this.onBytes(data.length);
    done(null, data);
  }

  /** Hex; once, when the stream has ended. */
  sha256(): string {
    return this.hash.digest('hex');
  }
}
