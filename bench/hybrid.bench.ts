import pg from 'pg';
import { vectorToBinary } from '../src/database/vector.js';
import type { Bed, BenchService } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { madeQuestions, type MadeQuestions, type TextLeg, type VectorLeg } from './made-questions.js';
import { asBase64 } from './made-vectors.js';

const TOP = 10;
const MODEL = 'made';
/** How much worse than its better leg a hybrid search may be. */
const TOLERATED = -0.01;

interface Scenario {
  readonly name: string;
  readonly text: TextLeg;
  readonly vector: VectorLeg;
  /** Share of the rows that have no vector. */
  readonly missing?: number;
}

const SCENARIOS: readonly Scenario[] = [
  { name: 'good words, vectors of noise', text: 'good', vector: 'noise' },
  { name: 'good words, vectors of questions that lie far off', text: 'good', vector: 'distant' },
  { name: 'good words, weak vectors', text: 'good', vector: 'weak' },
  { name: 'weak words, weak vectors', text: 'weak', vector: 'weak' },
  { name: 'weak words, vectors of noise', text: 'weak', vector: 'noise' },
  { name: 'weak words, good vectors', text: 'weak', vector: 'good' },
  { name: 'words of something else, good vectors', text: 'noise', vector: 'good' },
  { name: 'both good', text: 'good', vector: 'good' },
  { name: 'both good, each for every other question', text: 'by turns', vector: 'by turns' },
  { name: 'both good, half of the rows without vectors', text: 'good', vector: 'good', missing: 0.5 },
  { name: 'good words, noise, half of the rows without vectors', text: 'good', vector: 'noise', missing: 0.5 },
];

const LANGUAGES = ['English', 'Japanese'] as const;

/** Searches by words, by vectors and by both, each held against the rows that are known to be meant. */
export const benchmark: Benchmark = { name: 'hybrid', title: 'Words and vectors together, beside the better one of both alone', parts: LANGUAGES, run };

async function run(bed: Bed): Promise<Figure[]> {
  const service = await bed.service();
  const figures: Figure[] = [];
  for (const language of LANGUAGES.filter((each) => bed.wants(each))) {
    for (const scenario of SCENARIOS) {
      const runs: Quality[][] = [];
      for (const seed of bed.quick ? [1] : [1, 2, 3]) runs.push(await measure(service, madeQuestions(language, scenario, seed, bed.quick ? 20 : 60)));
      figures.push(...compare(bed, `${language}: ${scenario.name}`, runs));
    }
  }
  return figures;
}

interface Quality {
  readonly recall: number;
  readonly ndcg: number;
}

const MODES = ['text', 'vector', 'hybrid'] as const;

/** @returns how good each mode is, in the order of `MODES` */
async function measure(service: BenchService, { rows, questions }: MadeQuestions): Promise<Quality[]> {
  const client = new pg.Client({ connectionString: service.house.adminUrl });
  await client.connect();
  try {
    await client.query('SET search_path = coding_rule2, extensions');
    await client.query(`TRUNCATE conversation_context, text_segments, text_postings CASCADE`);
    for (let at = 0; at < rows.length; at += 500) {
      const some = rows.slice(at, at + 500);
      const values = some.map((_, n) => `('row ${at + n}', $${2 * n + 1}, '', '{}', $${2 * n + 2}::vector, '${MODEL}')`);
      await client.query(
        `INSERT INTO conversation_context (session_id, user_message, ai_response, context_data, vector_embedding, embedding_model) VALUES ${values.join(', ')}`,
        some.flatMap(({ text, vector }) => [text, vector && vectorToBinary(vector)]),
      );
    }
    await client.query('ANALYZE conversation_context');
  } finally {
    await client.end();
  }
  const sums = MODES.map(() => ({ recall: 0, ndcg: 0 }));
  for (const { query, vector, meant } of questions) {
    for (const [at, mode] of MODES.entries()) {
      const found = await search(service, { ...(mode !== 'vector' && { query }), ...(mode !== 'text' && { embedding: asBase64(vector), embeddingModel: MODEL }), mode, limit: TOP });
      sums[at]!.recall += recallOf(found, meant) / questions.length;
      sums[at]!.ndcg += ndcgOf(found, meant) / questions.length;
    }
  }
  return sums;
}

function compare(bed: Bed, name: string, runs: readonly Quality[][]): Figure[] {
  return (['ndcg', 'recall'] as const).map((measure) => {
    const mean = MODES.map((_, at) => runs.reduce((sum, run) => sum + run[at]![measure], 0) / runs.length);
    const worst = Math.min(...runs.map(([text, vector, hybrid]) => hybrid![measure] - Math.max(text![measure], vector![measure])));
    const what = measure === 'ndcg' ? 'nDCG@10' : 'recall@10';
    bed.note(`${name}, ${what}: ${MODES.map((mode, at) => `${mode} ${mean[at]!.toFixed(3)}`).join(', ')}`);
    return { what: `${name}: ${what} less that of the better leg, worst of ${runs.length}`, value: worst, unit: '', target: { atLeast: TOLERATED } };
  });
}

async function search({ url, productKey }: BenchService, body: object): Promise<number[]> {
  const answer = await fetch(`${url}/v1/products/coding_rule2/conversations/search`, {
    method: 'POST',
    headers: { authorization: `Bearer ${productKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  const { items } = (await answer.json()) as { items: { sessionId: string }[] };
  return items.map(({ sessionId }) => Number(sessionId.slice('row '.length)));
}

function recallOf(found: readonly number[], meant: ReadonlySet<number>): number {
  return found.filter((row) => meant.has(row)).length / Math.min(meant.size, TOP);
}

function ndcgOf(found: readonly number[], meant: ReadonlySet<number>): number {
  const gain = (place: number) => 1 / Math.log2(place + 2);
  const best = Array.from({ length: Math.min(meant.size, TOP) }, (_, place) => gain(place)).reduce((sum, x) => sum + x, 0);
  return found.reduce((sum, row, place) => sum + (meant.has(row) ? gain(place) : 0), 0) / best;
}
