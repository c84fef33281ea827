import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type pg from 'pg';
import { EMBEDDING_DIMENSIONS } from '../src/config/embedding-settings.js';
import { newId } from '../src/database/new-id.js';
import { vectorToBinary } from '../src/database/vector.js';
import type { Bed } from './bed.js';
import { CALLERS, EF_SEARCH, K } from './searched-vectors.js';

/** pgvector's own defaults, which our index has: said, because a peer's are others. */
export const HNSW = { m: 16, efConstruction: 64 };
const FOLDER = new URL('../../bench/peers/', import.meta.url);

/** What is stored, in every store: a conversation and where it stands in meaning. */
export interface Remembered {
  readonly sessionId: string;
  /** Names the row. */
  readonly userMessage: string;
  readonly aiResponse: string;
  readonly vector: Float32Array;
}

/** A store that others made, as a program uses it. */
export interface PeerStore {
  readonly name: string;
  /** Of its database. */
  readonly adminUrl: string;
  /** The tables that are to be emptied and filled before searches are measured, and its index, which is quicker built than grown. */
  readonly tables: string;
  readonly index: string;
  /** One row by SQL, as `insert` would write it. */
  readonly write: (client: pg.Client, row: Remembered) => Promise<void>;
  readonly insert: (caller: number, batch: readonly Remembered[]) => Promise<void>;
  /** @returns the messages of the nearest */
  readonly search: (caller: number, question: Float32Array) => Promise<string[]>;
}

// Their packages are not this checkout's: only what is used of them is described.
interface PGVector {
  initialize(): Promise<void>;
  insert(vectors: number[][], ids: string[], payloads: object[]): Promise<void>;
  search(query: number[], topK: number): Promise<{ payload: { userMessage: string } }[]>;
  close(): Promise<void>;
}
interface PostgresStore {
  setup(): Promise<void>;
  batch(operations: object[]): Promise<unknown>;
  search(namespace: string[], options: object): Promise<{ value: { userMessage: string } }[]>;
  stop(): Promise<void>;
}
interface Peers {
  readonly PGVector: new (options: object) => PGVector;
  readonly PostgresStore: new (options: object) => PostgresStore;
}

/** What has to be done before peers can be measured; undefined where nothing has. */
export function missingPeers(): string | undefined {
  return existsSync(new URL('node_modules', FOLDER)) ? undefined : 'The peers are not installed: npm ci --prefix bench/peers';
}

export async function peerVersions(): Promise<string> {
  const { dependencies } = JSON.parse(await readFile(new URL('package.json', FOLDER), 'utf8')) as { dependencies: Record<string, string> };
  const versions = await Promise.all(Object.keys(dependencies).map(async (name) => {
    const { version } = JSON.parse(await readFile(new URL(`node_modules/${name}/package.json`, FOLDER), 'utf8')) as { version: string };
    return `${name} ${version}`;
  }));
  return versions.join(', ');
}

/** Each with a database of its own, and as many connections as there are callers. */
export async function openPeers(bed: Bed): Promise<[PeerStore, PeerStore]> {
  const peers = (await import(new URL('index.js', FOLDER).href)) as Peers;
  return [await openMem0(bed, peers), await openLangGraph(bed, peers)];
}

async function ownDatabase(bed: Bed): Promise<{ adminUrl: string; url: string }> {
  const adminUrl = await bed.freshDatabase();
  await bed.asSuperuser('CREATE EXTENSION vector', adminUrl);
  const url = new URL(adminUrl);
  url.searchParams.set('options', `-c hnsw.ef_search=${EF_SEARCH}`);
  return { adminUrl, url: url.href };
}

/** A store of mem0ai has one connection; here each caller has a store of its own, so that they need not wait for one another. */
async function openMem0(bed: Bed, { PGVector }: Peers): Promise<PeerStore> {
  const { adminUrl, url } = await ownDatabase(bed);
  const stores: PGVector[] = [];
  for (let caller = 0; caller < CALLERS; caller += 1) {
    const store = new PGVector({ connectionString: url, collectionName: 'memories', embeddingModelDims: EMBEDDING_DIMENSIONS, hnsw: true });
    await store.initialize();
    stores.push(store);
    bed.defer(() => store.close());
  }
  return {
    name: 'mem0ai PGVector',
    adminUrl,
    tables: 'memories',
    index: 'memories_hnsw_idx',
    write: async (client, { vector, ...payload }) => {
      await client.query({ name: 'memory', text: 'INSERT INTO memories (id, vector, payload) VALUES ($1, $2, $3)', values: [newId(), vectorToBinary(vector), payload] });
    },
    insert: (caller, batch) => stores[caller]!.insert(
      batch.map(({ vector }) => [...vector]),
      batch.map(() => newId()),
      batch.map(({ vector: _, ...payload }) => payload),
    ),
    search: async (caller, question) => (await stores[caller]!.search([...question], K)).map(({ payload }) => payload.userMessage),
  };
}

/** Its model is one that has the vector of each text at hand. */
async function openLangGraph(bed: Bed, { PostgresStore }: Peers): Promise<PeerStore> {
  const { adminUrl, url } = await ownDatabase(bed);
  const vectors = new Map<string, number[]>();
  const store = new PostgresStore({
    connectionOptions: { connectionString: url, max: CALLERS },
    schema: 'langgraph',
    index: { dims: EMBEDDING_DIMENSIONS, fields: ['userMessage'], indexType: 'hnsw', distanceMetric: 'cosine', hnsw: HNSW, embed: async (texts: string[]) => texts.map((text) => vectors.get(text)!) },
  });
  await store.setup();
  bed.defer(() => store.stop());
  let asked = 0;
  return {
    name: 'LangGraph PostgresStore',
    adminUrl,
    tables: 'langgraph.store_vectors, langgraph.store',
    index: 'langgraph.idx_store_vectors_embedding_cosine_hnsw',
    write: async (client, { vector, ...value }) => {
      const at = [value.sessionId, value.userMessage];
      await client.query({ name: 'item', text: 'INSERT INTO langgraph.store (namespace_path, key, value) VALUES ($1, $2, $3)', values: [...at, value] });
      await client.query({
        name: 'vector',
        text: `INSERT INTO langgraph.store_vectors (namespace_path, key, field_path, text_content, embedding) VALUES ($1, $2, 'userMessage', $2, $3)`,
        values: [...at, vectorToBinary(vector)],
      });
    },
    insert: async (_caller, batch) => {
      for (const { userMessage, vector } of batch) vectors.set(userMessage, [...vector]);
      await store.batch(batch.map(({ vector: _, ...value }) => ({ namespace: [value.sessionId], key: value.userMessage, value })));
      for (const { userMessage } of batch) vectors.delete(userMessage);
    },
    search: async (_caller, question) => {
      const text = `asked ${asked++}`;
      vectors.set(text, [...question]);
      const found = await store.search(['bench'], { query: text, mode: 'vector', limit: K });
      vectors.delete(text);
      return found.map(({ value }) => value.userMessage);
    },
  };
}
