import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { Transform, type TransformCallback } from 'node:stream';
import { AppError } from '../../errors/app-error.js';

// A stream in chunks, each sealed by itself (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár): what has
// been read is known to be genuine before it is handed on, chunks can't change places, and a file that was cut off shows it.
//
//   header: "NGYBAK1\n", salt 32 bytes
//   chunk:  ciphertext (64 KiB; the last one shorter, even empty), tag 16 bytes
//   key:    HKDF-SHA-256 of the deployment's key and the file's salt, so that no two files share one
//   nonce:  chunk's number (11 bytes, big-endian), 1 for the last chunk, else 0
//   AAD:    header and the file's name within its backup, so that files can't change places

const MAGIC = Buffer.from('NGYBAK1\n');
const SALT_BYTES = 32;
const HEADER_BYTES = MAGIC.length + SALT_BYTES;
const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;

export const ENCRYPTED_SUFFIX = '.aes';

/** What is derived from NAGAYA_BACKUP_KEY. */
export class BackupKey {
  readonly id: string;
  /** Seals manifests. */
  readonly sealKey: Buffer;
  private readonly fileKey: Buffer;

  constructor(secret: string) {
    const derive = (purpose: string): Buffer => Buffer.from(hkdfSync('sha256', secret, 'nagaya backup 1', purpose, 32));
    this.sealKey = derive('seal');
    this.fileKey = derive('files');
    this.id = createHmac('sha256', derive('id')).update('id').digest('hex').slice(0, 16);
  }

  /** @param name tells the file from all others, e.g. `<backup id>/core.dump` */
  encrypt(name: string): Transform {
    return new Encryption(this.fileKey, name);
  }

  decrypt(name: string): Transform {
    return new Decryption(this.fileKey, name);
  }
}

class Chunks {
  private readonly key: Buffer;
  private readonly aad: Buffer;
  private number = 0n;

  constructor(fileKey: Buffer, header: Buffer, name: string) {
    this.key = Buffer.from(hkdfSync('sha256', fileKey, header.subarray(MAGIC.length), 'file', 32));
    this.aad = Buffer.concat([header, Buffer.from(name)]);
  }

  seal(chunk: Buffer, isLast: boolean): Buffer {
    const cipher = createCipheriv('aes-256-gcm', this.key, this.nonce(isLast), { authTagLength: TAG_BYTES }).setAAD(this.aad);
    return Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }

  open(sealed: Buffer, isLast: boolean): Buffer {
    const tag = sealed.subarray(sealed.length - TAG_BYTES);
    const decipher = createDecipheriv('aes-256-gcm', this.key, this.nonce(isLast), { authTagLength: TAG_BYTES }).setAAD(this.aad).setAuthTag(tag);
    return Buffer.concat([decipher.update(sealed.subarray(0, -TAG_BYTES)), decipher.final()]);
  }

  private nonce(isLast: boolean): Buffer {
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(this.number++, 3);
    nonce[11] = isLast ? 1 : 0;
    return nonce;
  }
}

/** Hands on whole pieces of a size, and keeps at least one byte back until the end, so that the last piece is known as such. */
class Pieces {
  private held: Buffer[] = [];
  private length = 0;

  constructor(private readonly size: number) {}

  *add(data: Buffer): Generator<Buffer> {
    this.held.push(data);
    this.length += data.length;
    if (this.length <= this.size) return;
    const all = Buffer.concat(this.held);
    let from = 0;
    for (; all.length - from > this.size; from += this.size) yield all.subarray(from, from + this.size);
    this.held = [all.subarray(from)];
    this.length = all.length - from;
  }

  rest(): Buffer {
    return Buffer.concat(this.held);
  }
}

class Encryption extends Transform {
  private readonly chunks: Chunks;
  private readonly pieces = new Pieces(CHUNK_BYTES);

  constructor(fileKey: Buffer, name: string) {
    super();
    const header = Buffer.concat([MAGIC, randomBytes(SALT_BYTES)]);
    this.chunks = new Chunks(fileKey, header, name);
    this.push(header);
  }

  override _transform(data: Buffer, _encoding: string, done: TransformCallback): void {
    for (const piece of this.pieces.add(data)) this.push(this.chunks.seal(piece, false));
    done();
  }

  override _flush(done: TransformCallback): void {
    done(null, this.chunks.seal(this.pieces.rest(), true));
  }
}

class Decryption extends Transform {
  private chunks: Chunks | undefined;
  private header: Buffer = Buffer.alloc(0);
  private readonly pieces = new Pieces(CHUNK_BYTES + TAG_BYTES);

  constructor(
    private readonly fileKey: Buffer,
    private readonly fileName: string,
  ) {
    super();
  }

  override _transform(data: Buffer, _encoding: string, done: TransformCallback): void {
    try {
      for (const piece of this.pieces.add(this.afterHeader(data))) this.push(this.open(piece, false));
      done();
    } catch (error) {
      done(error as Error);
    }
  }

  override _flush(done: TransformCallback): void {
    try {
      done(null, this.open(this.pieces.rest(), true));
    } catch (error) {
      done(error as Error);
    }
  }

  /** Takes the header off the front of the stream. */
  private afterHeader(data: Buffer): Buffer {
    if (this.chunks !== undefined) return data;
    const all = Buffer.concat([this.header, data]);
    this.header = all.subarray(0, HEADER_BYTES);
    if (all.length < HEADER_BYTES) return Buffer.alloc(0);
    if (!this.header.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged(this.fileName);
    this.chunks = new Chunks(this.fileKey, this.header, this.fileName);
    return all.subarray(HEADER_BYTES);
  }

  private open(piece: Buffer, isLast: boolean): Buffer {
    if (this.chunks === undefined || piece.length < TAG_BYTES) throw damaged(this.fileName);
    try {
      return this.chunks.open(piece, isLast);
    } catch (error) {
      throw damaged(this.fileName, error);
    }
  }
}

function damaged(name: string, cause?: unknown): AppError {
  return new AppError('validation_failed', `The encrypted file ${name} was changed, cut off, or encrypted with another key. Nothing was restored from it.`, { cause });
}
