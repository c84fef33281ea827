import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  type CompletedPart,
} from '@aws-sdk/client-s3';
import type { Readable } from 'node:stream';
import type { BucketSettings } from '../../../config/bucket-settings.js';
import { AppError } from '../../../errors/app-error.js';
import { explainBucket, isMissing, isUnsupported } from './explain-bucket.js';

export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** What is asked of a bucket while it answers with errors or not at all: each request so many times, with growing pauses. */
const ATTEMPTS = 4;
const CONNECT_MS = 10_000;
/** A connection on which nothing moves for so long is dead. */
const SILENCE_MS = 60_000;

/** The requests to one bucket, each with its failure in words for operators. */
export class BucketClient {
  private readonly client: S3Client;

  constructor(private readonly settings: BucketSettings) {
    const { endpoint, region, credentials, pathStyle } = settings;
    this.client = new S3Client({
      ...(endpoint !== undefined && { endpoint }),
      ...(region !== undefined && { region }),
      ...(credentials !== undefined && { credentials: { ...credentials } }),
      forcePathStyle: pathStyle,
      followRegionRedirects: true,
      maxAttempts: ATTEMPTS,
      requestHandler: { connectionTimeout: CONNECT_MS, socketTimeout: SILENCE_MS },
      // Services other than AWS refuse its newer checksums, or their form; the SHA-256 of each request's body is signed with it, and suffices.
      ...(endpoint !== undefined && { requestChecksumCalculation: 'WHEN_REQUIRED', responseChecksumValidation: 'WHEN_REQUIRED' }),
    });
  }

  /** The service's clock, as well as its answers have told it. */
  now(): Date {
    return new Date(Date.now() + this.client.config.systemClockOffset);
  }

  async put(key: string, content: Uint8Array | string, signal?: AbortSignal): Promise<void> {
    await this.ask(`write ${key}`, () => this.client.send(new PutObjectCommand({ ...this.at(key), Body: content }), options(signal)));
  }

  /** @param range where to go on, of what version; undefined: from the start */
  async get(key: string, range?: { readonly from: number; readonly etag: string }): Promise<{ body: Readable; etag: string; bytes: number } | undefined> {
    return this.ask(`read ${key}`, async () => {
      try {
        const answer = await this.client.send(new GetObjectCommand({ ...this.at(key), ...(range !== undefined && { Range: `bytes=${range.from}-`, IfMatch: range.etag }) }));
        return { body: answer.Body as Readable, etag: answer.ETag ?? '', bytes: answer.ContentLength ?? 0 };
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    });
  }

  /** One that is not there is deleted already. */
  async delete(key: string): Promise<void> {
    await this.ask(`delete ${key}`, () => this.client.send(new DeleteObjectCommand(this.at(key))));
  }

  /** Every object below a prefix. */
  async *list(prefix: string): AsyncGenerator<StoredObject> {
    for (let token: string | undefined, more = true; more; more = token !== undefined) {
      const page = await this.ask(`list ${prefix}`, () => this.client.send(new ListObjectsV2Command({ Bucket: this.settings.bucket, Prefix: prefix, ...(token !== undefined && { ContinuationToken: token }) })));
      for (const { Key, Size, LastModified } of page.Contents ?? []) yield { key: Key ?? '', bytes: Size ?? 0, modified: LastModified ?? new Date(0) };
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    }
  }

  /** What stands between a prefix and the next slash, as a folder's entries. */
  async entries(prefix: string): Promise<string[]> {
    const found: string[] = [];
    for (let token: string | undefined, more = true; more; more = token !== undefined) {
      const page = await this.ask(`list ${prefix}`, () =>
        this.client.send(new ListObjectsV2Command({ Bucket: this.settings.bucket, Prefix: prefix, Delimiter: '/', ...(token !== undefined && { ContinuationToken: token }) })),
      );
      for (const { Prefix } of page.CommonPrefixes ?? []) found.push((Prefix ?? '').slice(prefix.length, -1));
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined;
    }
    return found.filter((name) => name !== '');
  }

  /** Hears of no signal: begun and not known by its id, it could not be aborted. */
  async beginUpload(key: string): Promise<string> {
    const { UploadId } = await this.ask(`write ${key}`, () => this.client.send(new CreateMultipartUploadCommand(this.at(key))));
    if (UploadId === undefined) throw new AppError('unavailable', `The bucket ${this.settings.bucket} began no upload of ${key}.`);
    return UploadId;
  }

  async uploadPart(key: string, id: string, part: number, content: Uint8Array, signal: AbortSignal): Promise<CompletedPart> {
    const { ETag } = await this.ask(`write ${key}`, () => this.client.send(new UploadPartCommand({ ...this.at(key), UploadId: id, PartNumber: part, Body: content }), options(signal)));
    return { PartNumber: part, ...(ETag !== undefined && { ETag }) };
  }

  async completeUpload(key: string, id: string, parts: readonly CompletedPart[], signal: AbortSignal): Promise<void> {
    await this.ask(`write ${key}`, () => this.client.send(new CompleteMultipartUploadCommand({ ...this.at(key), UploadId: id, MultipartUpload: { Parts: [...parts] } }), options(signal)));
  }

  /** Frees what the parts take. */
  async abortUpload(key: string, id: string): Promise<void> {
    await this.ask(`abort the upload of ${key}`, () => this.client.send(new AbortMultipartUploadCommand({ ...this.at(key), UploadId: id })));
  }

  /** Aborts what was begun below a prefix and never completed. Nothing where the service can't list such. */
  async abortUploads(prefix: string): Promise<void> {
    await this.ask(`list the uploads of ${prefix}`, async () => {
      try {
        const { Uploads } = await this.client.send(new ListMultipartUploadsCommand({ Bucket: this.settings.bucket, Prefix: prefix }));
        for (const { Key, UploadId } of Uploads ?? []) if (Key?.startsWith(prefix) === true && UploadId !== undefined) await this.abortUpload(Key, UploadId);
      } catch (error) {
        if (!isUnsupported(error)) throw error;
      }
    });
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.settings.bucket, Key: key };
  }

  private async ask<T>(what: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request();
    } catch (error) {
      throw explainBucket(error, this.settings, what);
    }
  }
}

function options(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal };
}
