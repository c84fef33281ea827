import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EMBEDDING_DIMENSIONS } from '../../src/config/embedding-settings.js';

export interface AskedFor {
  readonly authorization: string | undefined;
  readonly model: string;
  readonly input: readonly string[];
  readonly dimensions?: number;
}

/** An endpoint of OpenAI's embeddings API that notes what it is asked and answers as it is told. */
export interface EmbeddingEndpoint {
  /** As `NAGAYA_EMBEDDINGS_URL` takes it. */
  readonly url: string;
  readonly asked: AskedFor[];
  /** Instead of vectors; returns true where it has answered, or means not to. */
  instead: ((response: ServerResponse, request: AskedFor) => boolean) | undefined;
  /** The vectors of an answer before it is sent. */
  spoil: ((data: { index: number; embedding: unknown }[]) => unknown[]) | undefined;
  /** How long an answer takes, milliseconds. */
  delayMs: number;
  /** How many requests are being answered at this moment, and how many were at the most. */
  readonly load: { now: number; most: number };
  close(): Promise<void>;
}

export async function startEmbeddingEndpoint(): Promise<EmbeddingEndpoint> {
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url !== '/v1/embeddings' || request.method !== 'POST') {
        response.writeHead(404).end();
        return;
      }
      const body = JSON.parse(Buffer.concat(chunks).toString()) as AskedFor;
      const asked = { ...body, authorization: request.headers.authorization };
      endpoint.asked.push(asked);
      endpoint.load.most = Math.max(endpoint.load.most, ++endpoint.load.now);
      response.once('close', () => endpoint.load.now--);
      if (endpoint.instead?.(response, asked)) return;
      const data = body.input.map((text, index) => ({ object: 'embedding', index, embedding: [...meaningOf(text, body.model)] }));
      setTimeout(() => answer(response, 200, { object: 'list', model: body.model, data: endpoint.spoil?.(data) ?? data }), endpoint.delayMs);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const endpoint: EmbeddingEndpoint = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
    asked: [],
    instead: undefined,
    spoil: undefined,
    delayMs: 0,
    load: { now: 0, most: 0 },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return endpoint;
}

export function answer(response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}): boolean {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
  return true;
}

/** Where a text stands: a direction for each of its words, added up. Texts with words in common are near; each model has directions of its own. */
export function meaningOf(text: string, model: string): Float32Array {
  const vector = new Float32Array(EMBEDDING_DIMENSIONS);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    const bytes = createHash('sha512').update(`${model} ${word}`).digest();
    for (let i = 0; i < 16; i++) {
      const at = bytes.readUInt16BE(i * 4) % EMBEDDING_DIMENSIONS;
      vector[at] = vector[at]! + (bytes[i * 4 + 2]! < 128 ? 1 : -1);
    }
  }
  return vector;
}
