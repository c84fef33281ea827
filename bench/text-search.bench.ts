import pg from 'pg';
import type { Bed, BenchService } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { englishTexts, japaneseTexts, type MadeTexts } from './made-texts.js';
import { ReferenceBm25 } from './reference-bm25.js';

const TOP = 10;
const QUESTIONS = 200;
const ROWS_A_STATEMENT = 2_000;

/** Search by words: what it finds, and how long it takes. */
export const benchmark: Benchmark = { name: 'text-search', title: 'Search by words, against BM25 computed over every row', run };

async function run(bed: Bed): Promise<Figure[]> {
  const rows = bed.quick ? 5_000 : 100_000;
  return [
    ...(await language(bed, 'English', englishTexts(rows / 20), rows, { found: true, atMost: 20 })),
    ...(await language(bed, 'Japanese', japaneseTexts(rows / 20), rows, { found: true, atMost: 20 })),
    ...(bed.quick ? [] : await language(bed, 'English', englishTexts(50_000), 1_000_000, { found: false, atMost: 50 })),
    ...(bed.quick ? [] : await language(bed, 'Japanese', japaneseTexts(50_000), 1_000_000, { found: false, atMost: 50 })),
  ];
}

async function language(bed: Bed, name: string, texts: MadeTexts, rows: number, { found, atMost }: { found: boolean; atMost: number }): Promise<Figure[]> {
  const service = await bed.service();
  const client = new pg.Client({ connectionString: service.house.cluster.urlOf('coding_rule2') });
  await client.connect();
  bed.defer(() => client.end());
  const reference = new ReferenceBm25();
  const started = Date.now();
  for (let first = 0; first < rows; first += ROWS_A_STATEMENT) {
    const some = Array.from({ length: Math.min(ROWS_A_STATEMENT, rows - first) }, (_, at) => texts.text(first + at));
    if (found) for (const [at, text] of some.entries()) reference.add(first + at, text);
    await client.query(
      `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data)
       SELECT 'row ' || ($2::int + n), t, '', '{}' FROM unnest($1::text[]) WITH ORDINALITY AS s (t, n)`,
      [some, first],
    );
  }
  const loaded = Date.now();
  await indexed(service, client);
  bed.note(`${name}, ${rows.toLocaleString('en-GB')} rows: loaded by SQL in ${Math.round((loaded - started) / 1000)} s, indexed ${Math.round((Date.now() - loaded) / 1000)} s after`);
  await client.query('ANALYZE coding_rule2.conversation_context, coding_rule2.text_postings');

  const numbers = Array.from({ length: QUESTIONS }, (_, at) => Math.floor((at * rows) / QUESTIONS) + (at % 7));
  const times: number[] = [];
  const cold: number[] = [];
  let agreement = 0;
  for (const round of [cold, times]) {
    for (const no of numbers) {
      const query = texts.question(no);
      const before = performance.now();
      const { items } = await search(service, { query, limit: TOP });
      round.push(performance.now() - before);
      if (found && round === times) agreement += agreementOf(items, reference.top(query, TOP)) / QUESTIONS;
    }
  }
  bed.note(`${name}, ${rows.toLocaleString('en-GB')} rows: p50 ${quantile(times, 0.5).toFixed(1)} ms; each question for the first time: p50 ${quantile(cold, 0.5).toFixed(1)} ms, p95 ${quantile(cold, 0.95).toFixed(1)} ms; longest ${Math.max(...cold).toFixed(0)} ms`);
  const size = rows.toLocaleString('en-GB');
  return [
    ...(found ? [{ what: `${name}, ${size} rows: of the ten best of BM25, found`, value: agreement, unit: 'of 1', target: { atLeast: 0.999 } }] : []),
    { what: `${name}, ${size} rows: p95, asked for the first time`, value: quantile(cold, 0.95), unit: 'ms', target: { atMost } },
    { what: `${name}, ${size} rows: p95`, value: quantile(times, 0.95), unit: 'ms', target: { atMost } },
  ];
}

/** Waits until hardly any row is outside of a segment. */
async function indexed(service: BenchService, client: pg.Client): Promise<void> {
  for (;;) {
    const { rows } = await client.query<{ left: string }>(
      `SELECT count(*) AS left FROM (SELECT FROM coding_rule2.conversation_context
        WHERE text_no > (SELECT settled_no FROM coding_rule2.text_corpora WHERE corpus = 'conversations') LIMIT 512) t`,
    );
    if (Number(rows[0]?.left) < 512) return;
    // A search that meets rows that are not indexed has them indexed.
    await search(service, { query: 'is anything new', limit: 1 });
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

interface Found {
  items: { sessionId: string; score: number }[];
}

async function search(service: BenchService, body: object): Promise<Found> {
  const answer = await fetch(`${service.url}/v1/products/coding_rule2/conversations/search`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.productKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Found;
}

/** Rows that score the same are as good as each other. */
function agreementOf(items: Found['items'], best: readonly { id: number; score: number }[]): number {
  const least = best.at(-1)?.score ?? 0;
  const good = items.filter(({ sessionId, score }) => best.some(({ id }) => sessionId === `row ${id + 1}`) || Math.abs(score - least) < 1e-6);
  return best.length === 0 ? 1 : good.length / best.length;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(Math.floor(share * values.length), values.length - 1)] ?? Number.NaN;
}
