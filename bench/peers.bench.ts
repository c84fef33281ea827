import pg from 'pg';
import { ConversationSearchService } from '../src/products/coding-rule2/conversations/conversation-search.service.js';
import { ConversationsService } from '../src/products/coding-rule2/conversations/conversations.service.js';
import type { Bed, BenchService } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { answersPerSecond, median } from './load.js';
import { asBase64, clusteredVectors, randomNumbers } from './made-vectors.js';
import { HNSW, missingPeers, openPeers, peerVersions, type PeerStore, type Remembered } from './peer-stores.js';
import { applicationOf, CALLERS, EF_SEARCH, exactly, fillConversations, K, questionsNear, recall, searchBody, searchesPerSecond, searchPath } from './searched-vectors.js';

const A_BATCH = 50;
/** Who writes at the same time. */
const WRITERS = 2;

/** The same rows and vectors in the stores that npm offers, with the same index and the same searches. */
export const benchmark: Benchmark = {
  name: 'peers',
  title: 'Conversations stored and found, against the stores that npm offers',
  parts: ['insert', 'search'],
  missing: missingPeers,
  run,
};

async function run(bed: Bed): Promise<Figure[]> {
  const random = randomNumbers(23);
  const size = bed.quick ? 1_000 : 20_000;
  const vectors = clusteredVectors(size, random);
  const questions = questionsNear(vectors, 200, random);
  const peers = await openPeers(bed);
  bed.note(await peerVersions());
  bed.note(`all: cosine, HNSW with m ${HNSW.m} and ef_construction ${HNSW.efConstruction}, vectors given and none computed; mem0ai's store has one connection, so each caller has one of its own`);
  const stored = bed.wants('insert') ? await insertAll(bed, peers, vectors) : [];
  return bed.wants('search') ? [...stored, ...(await searchAll(bed, peers, vectors, questions))] : stored;
}

/** Ours before the peers. */
interface Side {
  readonly name: string;
  readonly measure: (round: number) => Promise<number>;
}

/** In turns; the median of each of ours, and of its ratios to each of the peers, round by round. */
async function compare(bed: Bed, what: string, unit: string, sides: readonly Side[], rounds: number): Promise<Figure[]> {
  const rates = sides.map((): number[] => []);
  for (let round = 0; round < rounds; round += 1) for (const [at, side] of sides.entries()) rates[at]!.push(await side.measure(round));
  const [service, http, ...peers] = rates;
  bed.note(`${what}, ${unit}: ${sides.map(({ name }, at) => `${name} ${Math.round(median(rates[at]!))}`).join(', ')}`);
  return [service!, http!].flatMap((own, which) =>
    peers.map((theirs, at) => ({
      what: `${what} ${sides[which]!.name}, beside ${sides[at + 2]!.name}`,
      value: median(own),
      unit,
      ratio: median(own.map((rate, round) => rate / theirs[round]!)),
      target: { atLeast: 1 },
    })),
  );
}

/** Into tables of their own, so that all grow alike. */
async function insertAll(bed: Bed, peers: readonly PeerStore[], vectors: readonly Float32Array[]): Promise<Figure[]> {
  const service = (await applicationOf(bed, await bed.freshHouse())).get(ConversationsService);
  const ours = await bed.service();
  const [batches, rounds] = bed.quick ? [2, 1] : [20, 4];
  // A round is warming up.
  const rows = vectors.slice(0, A_BATCH * batches * (rounds + 1)).map((vector, at) => remembered(vector, `question ${at}`));
  const batchesOf = (round: number): Remembered[][] => Array.from({ length: batches }, (_, at) => rows.slice((round * batches + at) * A_BATCH, (round * batches + at + 1) * A_BATCH)).filter((batch) => batch.length > 0);
  // Made beforehand: embeddings come from their provider in base64 already.
  const bodies = new Map(Array.from({ length: rounds + 1 }, (_, round) => batchesOf(round)).flat().map((batch) => [batch[0]!.userMessage, bodyOf(batch)]));
  const sides: Side[] = [
    { name: 'at the service', measure: (round) => rowsPerSecond(batchesOf(round), async (_, batch) => void (await service.recordBatch(batch.map(({ vector, ...row }) => ({ ...row, contextData: {}, importanceLevel: 'normal', embedding: vector }))))) },
    { name: 'through HTTP', measure: (round) => rowsPerSecond(batchesOf(round), (_, batch) => send(ours, bodies.get(batch[0]!.userMessage)!)) },
    ...peers.map(({ name, insert }): Side => ({ name, measure: (round) => rowsPerSecond(batchesOf(round), insert) })),
  ];
  for (const { measure } of sides) await measure(rounds);
  bed.note(`insert: ${A_BATCH} rows a call, ${WRITERS} calls at once, ${batches} calls a round, ${rounds} rounds in turns`);
  return compare(bed, 'insert', 'rows/s', sides, rounds);
}

async function searchAll(bed: Bed, peers: readonly PeerStore[], vectors: readonly Float32Array[], questions: readonly Float32Array[]): Promise<Figure[]> {
  const ours = await bed.service();
  await fillConversations(ours.house.adminUrl, vectors);
  for (const peer of peers) await fillPeer(peer, vectors);
  const service = (await applicationOf(bed, ours.house)).get(ConversationSearchService);
  const byService = async (embedding: Float32Array): Promise<string[]> => (await service.search({ embedding, limit: K })).items.map((item) => item.userMessage);
  const bodies = questions.map((question) => searchBody(question));
  const seconds = bed.quick ? 1 : 3;
  const sides: Side[] = [
    { name: 'at the service', measure: () => searchesPerSecond(byService, questions, seconds) },
    { name: 'through HTTP', measure: () => answersPerSecond({ url: `${ours.url}${searchPath}`, method: 'POST', key: ours.productKey, bodies }, seconds, CALLERS) },
    ...peers.map(({ name, search }): Side => ({ name, measure: () => searchesPerSecond((question, caller) => search(caller, question), questions, seconds) })),
  ];
  for (const { measure } of sides) await measure(0);
  bed.note(`search: ${vectors.length} vectors of 1,536 numbers in clusters of 100, k = ${K}, ef_search ${EF_SEARCH}, ${CALLERS} callers; embeddings through HTTP in base64`);
  const figures = await compare(bed, 'search', 'searches/s', sides, bed.quick ? 1 : 5);
  const truth = await exactly(ours.house.adminUrl, questions, (row) => row.userMessage);
  return [
    ...figures,
    { what: 'recall@10, ours', value: await recall(byService, questions, truth), unit: '', target: { atLeast: 0.95 } },
    ...(await Promise.all(peers.map(async ({ name, search }) => ({ what: `recall@10, ${name}`, value: await recall((question) => search(0, question), questions, truth), unit: '' })))),
  ];
}

const remembered = (vector: Float32Array, userMessage: string): Remembered => ({ sessionId: 'bench', userMessage, aiResponse: 'The lock file names a version that is gone.', vector });

function bodyOf(batch: readonly Remembered[]): string {
  return JSON.stringify({ items: batch.map(({ vector, ...row }) => ({ ...row, embedding: asBase64(vector) })) });
}

async function send({ url, productKey }: BenchService, body: string): Promise<void> {
  const answer = await fetch(`${url}/v1/products/coding_rule2/conversations/batch`, { method: 'POST', headers: { authorization: `Bearer ${productKey}`, 'content-type': 'application/json' }, body });
  if (answer.status !== 201) throw new Error(await answer.text());
  await answer.arrayBuffer();
}

async function rowsPerSecond(batches: readonly Remembered[][], write: (writer: number, batch: readonly Remembered[]) => Promise<void>): Promise<number> {
  const began = performance.now();
  const line = [...batches];
  const one = async (writer: number): Promise<void> => {
    for (let batch = line.shift(); batch !== undefined; batch = line.shift()) await write(writer, batch);
  };
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => one(writer)));
  return ((batches.length * A_BATCH) / (performance.now() - began)) * 1_000;
}

async function fillPeer({ adminUrl, tables, index, write }: PeerStore, vectors: readonly Float32Array[]): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`SET maintenance_work_mem = '512MB'`);
    const { rows } = await client.query<{ indexdef: string }>('SELECT pg_get_indexdef($1::text::regclass) AS indexdef', [index]);
    await client.query(`TRUNCATE ${tables}; DROP INDEX ${index}; BEGIN`);
    for (const [at, vector] of vectors.entries()) await write(client, remembered(vector, `question ${at}`));
    await client.query(`COMMIT; ${rows[0]!.indexdef}; ANALYZE`);
  } finally {
    await client.end();
  }
}
