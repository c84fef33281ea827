import pg from 'pg';
import { vectorToBinary } from '../src/database/vector.js';
import { ConversationSearchService } from '../src/products/coding-rule2/conversations/conversation-search.service.js';
import type { SearchConversations } from '../src/products/coding-rule2/conversations/conversation.dto.js';
import { CONVERSATION_COLUMNS } from '../src/products/coding-rule2/conversations/conversations.service.js';
import type { Bed, BenchService } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { answersPerSecond, median } from './load.js';
import { clusteredVectors, randomNumbers } from './made-vectors.js';
import { applicationOf, CALLERS, EF_SEARCH, exactly, fillConversations, K, NEAREST, questionsNear, recall, searchBody, searchesPerSecond, searchPath, type Search } from './searched-vectors.js';

const MODEL = 'text-embedding-3-small';
/** As `minImportance: 'low'` asks for it. */
const IMPORTANT = ['low', 'normal', 'high', 'critical'];

/** The ten nearest of 20,000 conversations: how many a second, and how many of the true ten. */
export const benchmark: Benchmark = {
  name: 'vector-search',
  title: 'Nearest conversations, against the same search by plain pg',
  parts: ['unnamed', 'model'],
  run: async (bed) => [...(bed.wants('unnamed') ? await withoutModel(bed) : []), ...(bed.wants('model') ? await withModel(bed) : [])],
};

/** What both sides search, and with what. */
interface Searched {
  readonly ours: BenchService;
  readonly service: ConversationSearchService;
  readonly plain: pg.Pool;
  readonly questions: readonly Float32Array[];
  readonly truth: readonly string[][];
}

async function fill(bed: Bed, model: string | null): Promise<Searched> {
  const random = randomNumbers(7);
  const size = bed.quick ? 1_000 : 20_000;
  const ours = await bed.service();
  const { house } = ours;
  const vectors = clusteredVectors(size, random);
  await fillConversations(house.adminUrl, vectors, model);
  const plain = new pg.Pool({ connectionString: house.cluster.urlOf('coding_rule2'), max: CALLERS, options: `-c hnsw.ef_search=${EF_SEARCH}` });
  bed.defer(() => plain.end());
  const questions = questionsNear(vectors, 200, random);
  bed.note(`${size} vectors of 1,536 numbers in clusters of 100${model === null ? '' : ', all of one model'}, k = ${K}, ef_search ${EF_SEARCH}, ${CALLERS} at once`);
  return { ours, service: (await applicationOf(bed, house)).get(ConversationSearchService), plain, questions, truth: await exactly(house.adminUrl, questions, (row) => row.id) };
}

/** One side of a comparison: does so many searches a second for some seconds. */
type Side = (seconds: number) => Promise<number>;

/** Each in turns; the median of the first, and of its ratios to the last, round by round. */
async function compare(bed: Bed, what: string, sides: Record<string, Side>): Promise<Record<string, { rate: number; ratio: number }>> {
  const names = Object.keys(sides);
  const rates = new Map(names.map((name) => [name, [] as number[]]));
  const [seconds, rounds] = bed.quick ? [1, 1] : [5, 5];
  for (const side of Object.values(sides)) await side(1);
  for (let round = 0; round < rounds; round += 1) for (const name of names) rates.get(name)!.push(await sides[name]!(seconds));
  const plain = rates.get('plain')!;
  bed.note(`${what}: plain pg ${Math.round(median(plain))} searches/s`);
  return Object.fromEntries(names.map((name) => [name, { rate: median(rates.get(name)!), ratio: median(rates.get(name)!.map((rate, at) => rate / plain[at]!)) }]));
}

function sidesOf({ ours, service, plain, questions }: Searched, more: Partial<SearchConversations>, sql: string, values: readonly unknown[]): Record<'http' | 'service' | 'plain', Side> {
  // Sent by the client that the other benchmarks have: `fetch` in this process would take more of the processor than what is measured.
  const bodies = questions.map((question) => searchBody(question, more));
  const byService: Search = async (embedding) => (await service.search({ ...more, embedding, limit: K })).items.map((item) => item.id);
  const byPlain: Search = async (vector) => (await plain.query<{ id: string }>(sql, [vectorToBinary(vector), ...values])).rows.map((row) => row.id);
  return {
    http: (seconds) => answersPerSecond({ url: `${ours.url}${searchPath}`, method: 'POST', key: ours.productKey, bodies }, seconds, CALLERS),
    service: (seconds) => searchesPerSecond(byService, questions, seconds),
    plain: (seconds) => searchesPerSecond(byPlain, questions, seconds),
  };
}

async function withoutModel(bed: Bed): Promise<Figure[]> {
  const searched = await fill(bed, null);
  const { ours, questions, truth } = searched;
  const sides = sidesOf(searched, {}, NEAREST, []);
  const numbers = questions.map((vector) => JSON.stringify({ embedding: [...vector], limit: K }));
  const asNumbers: Side = (seconds) => answersPerSecond({ url: `${ours.url}${searchPath}`, method: 'POST', key: ours.productKey, bodies: numbers }, seconds, CALLERS);
  const { http, service, numbers: asList } = await compare(bed, 'no model', { ...sides, numbers: asNumbers });
  return [
    { what: 'through HTTP, the embedding in base64', value: http!.rate, unit: 'searches/s', ratio: http!.ratio, target: { atLeast: 0.8 } },
    { what: 'through HTTP, the embedding as a list of numbers', value: asList!.rate, unit: 'searches/s', ratio: asList!.ratio },
    { what: 'at the service', value: service!.rate, unit: 'searches/s', ratio: service!.ratio, target: { atLeast: 0.95 } },
    { what: 'recall@10', value: await recall((vector) => searchByHttp(ours, vector), questions, truth), unit: '', target: { atLeast: 0.95 } },
  ];
}

async function withModel(bed: Bed): Promise<Figure[]> {
  const searched = await fill(bed, MODEL);
  const nearest = (condition: string): string => `SELECT ${CONVERSATION_COLUMNS}, 1 - (vector_embedding <=> $1) AS similarity
    FROM coding_rule2.conversation_context WHERE vector_embedding IS NOT NULL AND embedding_model = $2${condition} ORDER BY vector_embedding <=> $1 LIMIT ${K}`;
  const model = await compare(bed, 'a model', sidesOf(searched, { embeddingModel: MODEL }, nearest(''), [MODEL]));
  const filter = { embeddingModel: MODEL, minImportance: 'low' } as const;
  const filtered = await compare(bed, 'a model and a filter that all pass', sidesOf(searched, filter, nearest(' AND importance_level = ANY ($3)'), [MODEL, IMPORTANT]));
  const { service, questions, truth } = searched;
  const found = await recall(async (embedding) => (await service.search({ ...filter, embedding, limit: K })).items.map((item) => item.id), questions, truth);
  return [
    { what: 'with a model, through HTTP', value: model['http']!.rate, unit: 'searches/s', ratio: model['http']!.ratio, target: { atLeast: 0.8 } },
    { what: 'with a model, at the service', value: model['service']!.rate, unit: 'searches/s', ratio: model['service']!.ratio, target: { atLeast: 0.95 } },
    { what: 'with a model and a filter, through HTTP', value: filtered['http']!.rate, unit: 'searches/s', ratio: filtered['http']!.ratio, target: { atLeast: 0.8 } },
    { what: 'with a model and a filter, at the service', value: filtered['service']!.rate, unit: 'searches/s', ratio: filtered['service']!.ratio, target: { atLeast: 0.95 } },
    { what: 'recall@10 with a model and a filter', value: found, unit: '', target: { atLeast: 0.95 } },
  ];
}

async function searchByHttp(ours: BenchService, vector: Float32Array): Promise<string[]> {
  const answer = await fetch(`${ours.url}${searchPath}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${ours.productKey}`, 'content-type': 'application/json' },
    body: searchBody(vector),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return ((await answer.json()) as { items: { id: string }[] }).items.map((item) => item.id);
}
