import type { Readable } from 'node:stream';
import type { BucketClient } from './bucket-client.js';
import { AppError } from '../../../errors/app-error.js';

/** Connections that break one after the other without a byte between them. */
const VAIN_ATTEMPTS = 3;

/** An object's bytes; where the connection breaks, it goes on from there with another one, as long as that brings anything. */
export async function* readOn(client: BucketClient, key: string, first: { readonly body: Readable; readonly etag: string; readonly bytes: number }): AsyncGenerator<Buffer> {
  let from = 0;
  let body: Readable | undefined = first.body;
  for (let vain = 0; ; vain++) {
    try {
      for await (const chunk of body as AsyncIterable<Buffer>) {
        from += chunk.length;
        vain = 0;
        yield chunk;
      }
      // Less than was announced is told by the digest, which names the file.
      return;
    } catch (error) {
      if (from >= first.bytes) return;
      if (vain >= VAIN_ATTEMPTS) throw new AppError('unavailable', `The connection to the bucket broke again and again while ${key} was read (${from} of ${first.bytes} bytes). Try again.`, { cause: error });
    }
    body = (await client.get(key, { from, etag: first.etag }))?.body;
    if (body === undefined) throw new AppError('unavailable', `The object ${key} was deleted while it was read.`);
  }
}
