import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { AppModule } from '../src/app.module.js';
import { vectorToBinary } from '../src/database/vector.js';
import { ConversationSearchService } from '../src/products/coding-rule2/conversations/conversation-search.service.js';
import { CONVERSATION_COLUMNS } from '../src/products/coding-rule2/conversations/conversations.service.js';
import type { Bed, BenchService } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { answersPerSecond, median } from './load.js';
import { asBase64, clusteredVectors, randomNumbers } from './made-vectors.js';

const K = 10;
/** The service's own default, so that both sides search equally hard. */
const EF_SEARCH = 100;
const CONNECTIONS = 8;
const NEAREST = `SELECT ${CONVERSATION_COLUMNS}, 1 - (vector_embedding <=> $1) AS similarity
  FROM coding_rule2.conversation_context WHERE vector_embedding IS NOT NULL ORDER BY vector_embedding <=> $1 LIMIT ${K}`;

/** The ten nearest of 20,000 conversations: how many a second, and how many of the true ten. */
export const benchmark: Benchmark = {
  name: 'vector-search',
  title: 'Nearest conversations, against the same search by plain pg',
  run,
};

type Search = (vector: Float32Array) => Promise<string[]>;

async function run(bed: Bed): Promise<Figure[]> {
  const random = randomNumbers(7);
  const size = bed.quick ? 1_000 : 20_000;
  const ours = await bed.service();
  const { house } = ours;
  const vectors = clusteredVectors(size, random);
  const plain = new pg.Pool({ connectionString: house.cluster.urlOf('coding_rule2'), max: CONNECTIONS, options: `-c hnsw.ef_search=${EF_SEARCH}` });
  bed.defer(() => plain.end());
  await fill(house.adminUrl, vectors);
  const queries = Array.from({ length: 200 }, (_, at) => (vectors[(at * 97) % size] ?? new Float32Array()).map((x) => x + (random() * 2 - 1) * 0.2));

  const byHttp: Search = (vector) => searchByHttp(ours, vector);
  // Sent by the client that the other benchmarks have: `fetch` in this process would take more of the processor than what is measured.
  const bodies = queries.map(bodyOf);
  const httpRate = (duration: number) => answersPerSecond({ url: searchUrl(ours), method: 'POST', key: ours.productKey, bodies }, duration, CONNECTIONS);
  const service = await openService(bed, ours);
  const byService: Search = async (embedding) => (await service.search({ embedding, limit: K })).items.map((item) => item.id);
  const byPlain: Search = async (vector) => (await plain.query<{ id: string }>(NEAREST, [vectorToBinary(vector)])).rows.map((row) => row.id);
  const truth = await exactly(house.adminUrl, queries);
  const seconds = bed.quick ? 1 : 5;
  const rounds = bed.quick ? 1 : 5;
  const rates: Record<'http' | 'service' | 'plain', number[]> = { http: [], service: [], plain: [] };
  await httpRate(1);
  for (const search of [byService, byPlain]) await searchesPerSecond(search, queries, 1);
  for (let round = 0; round < rounds; round += 1) {
    rates.http.push(await httpRate(seconds));
    rates.service.push(await searchesPerSecond(byService, queries, seconds));
    rates.plain.push(await searchesPerSecond(byPlain, queries, seconds));
  }
  const ratio = (side: 'http' | 'service'): number => median(rates[side].map((rate, at) => rate / (rates.plain[at] ?? Number.NaN)));
  bed.note(`${size} vectors of 1,536 numbers in clusters of 100, k = ${K}, ef_search ${EF_SEARCH}, ${CONNECTIONS} at once; plain pg ${Math.round(median(rates.plain))} searches/s`);
  return [
    { what: 'through HTTP', value: median(rates.http), unit: 'searches/s', ratio: ratio('http'), target: { atLeast: 0.8 } },
    { what: 'at the service', value: median(rates.service), unit: 'searches/s', ratio: ratio('service'), target: { atLeast: 0.95 } },
    { what: 'recall@10', value: await recall(byHttp, queries, truth), unit: '', target: { atLeast: 0.95 } },
  ];
}

async function openService(bed: Bed, { house }: BenchService): Promise<ConversationSearchService> {
  const context = await NestFactory.createApplicationContext(AppModule.forHouse(house.house, house.cluster, house.databases), { logger: false });
  bed.defer(() => context.close());
  return context.get(ConversationSearchService, { strict: false });
}

const searchUrl = ({ url }: BenchService): string => `${url}/v1/products/coding_rule2/conversations/search`;

const bodyOf = (vector: Float32Array): string => JSON.stringify({ embedding: asBase64(vector), limit: K });

async function searchByHttp(ours: BenchService, vector: Float32Array): Promise<string[]> {
  const answer = await fetch(searchUrl(ours), {
    method: 'POST',
    headers: { authorization: `Bearer ${ours.productKey}`, 'content-type': 'application/json' },
    body: bodyOf(vector),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { items: { id: string }[] }).items.map((item) => item.id);
}

/** Rows by COPY-like batches as the owner, then the index: building it once is quicker than growing it. */
async function fill(adminUrl: string, vectors: readonly Float32Array[]): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query(`SET maintenance_work_mem = '512MB'; SET search_path = coding_rule2, extensions`);
    const { rows } = await client.query<{ indexdef: string }>(`SELECT indexdef FROM pg_indexes WHERE indexname = 'conversation_context_vector_embedding_idx'`);
    await client.query('DROP INDEX conversation_context_vector_embedding_idx');
    for (let at = 0; at < vectors.length; at += 500) {
      const batch = vectors.slice(at, at + 500);
      const values = batch.map((_, row) => `('bench', 'question ${at + row}', 'answer ${at + row}', '{}', $${row + 1}::vector)`);
      await client.query(
        `INSERT INTO conversation_context (session_id, user_message, ai_response, context_data, vector_embedding) VALUES ${values.join(', ')}`,
        batch.map(vectorToBinary),
      );
    }
    await client.query(rows[0]?.indexdef ?? '');
    await client.query('ANALYZE conversation_context');
  } finally {
    await client.end();
  }
}

/** The true nearest, computed without the index. */
async function exactly(adminUrl: string, queries: readonly Float32Array[]): Promise<string[][]> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query('SET search_path = coding_rule2, extensions; SET enable_indexscan = off');
    const answers: string[][] = [];
    for (const query of queries) answers.push((await client.query<{ id: string }>(NEAREST, [vectorToBinary(query)])).rows.map((row) => row.id));
    return answers;
  } finally {
    await client.end();
  }
}

async function searchesPerSecond(search: Search, queries: readonly Float32Array[], seconds: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  const one = async (at: number): Promise<void> => {
    for (let next = at; performance.now() - began < seconds * 1_000; next += CONNECTIONS) {
      await search(queries[next % queries.length]!);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: CONNECTIONS }, (_, at) => one(at)));
  return (done / (performance.now() - began)) * 1_000;
}

async function recall(search: Search, queries: readonly Float32Array[], truth: readonly string[][]): Promise<number> {
  let found = 0;
  for (const [at, query] of queries.entries()) {
    const ids = new Set(await search(query));
    found += (truth[at] ?? []).filter((id) => ids.has(id)).length;
  }
  return found / (queries.length * K);
}
