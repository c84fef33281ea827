import pg from 'pg';
import { chooseParts } from '../src/products/coding-rule2/search/segment-compaction.service.js';
import type { Bed, BenchService } from './bed.js';
import type { MadeTexts } from './made-texts.js';

const ROWS_A_STATEMENT = 2_000;

/** A service whose conversations are made texts, all of them indexed; row `n` has the session `row n`, from 0 on. */
export interface SearchedCorpus {
  readonly service: BenchService;
  readonly search: (body: object) => Promise<Found>;
}

export interface Found {
  items: { sessionId: string; score: number }[];
}

/** Loads by SQL what is not there yet. */
export async function searchedCorpus(bed: Bed, name: string, texts: MadeTexts, rows: number): Promise<SearchedCorpus> {
  const service = await bed.service({}, await bed.keptDatabase(`${name.toLowerCase()}_${rows}`));
  const client = new pg.Client({ connectionString: service.house.cluster.urlOf('coding_rule2') });
  await client.connect();
  try {
    const { rows: [there] } = await client.query<{ rows: number }>('SELECT count(*)::int AS rows FROM coding_rule2.conversation_context');
    const started = Date.now();
    for (let first = there?.rows ?? 0; first < rows; first += ROWS_A_STATEMENT) {
      await client.query(
        `INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data)
         SELECT 'row ' || ($2::int + n - 1), t, '', '{}' FROM unnest($1::text[]) WITH ORDINALITY AS s (t, n)`,
        [Array.from({ length: Math.min(ROWS_A_STATEMENT, rows - first) }, (_, at) => texts.text(first + at)), first],
      );
    }
    const loaded = Date.now();
    const search = (body: object) => searchOnce(service, body);
    await indexed(client, search);
    bed.note(`${name}, ${rows.toLocaleString('en-GB')} rows: loaded by SQL in ${Math.round((loaded - started) / 1000)} s, indexed ${Math.round((Date.now() - loaded) / 1000)} s after`);
    await client.query('ANALYZE coding_rule2.conversation_context, coding_rule2.text_postings');
    return { service, search };
  } finally {
    await client.end();
  }
}

/** Waits until hardly any row is outside of a segment, and until the segments are put together. */
async function indexed(client: pg.Client, search: (body: object) => Promise<Found>): Promise<void> {
  for (;;) {
    const { rows: [state] } = await client.query<{ left: number }>(
      `SELECT count(*)::int AS left FROM (SELECT FROM coding_rule2.conversation_context
        WHERE text_no > (SELECT settled_no FROM coding_rule2.text_corpora WHERE corpus = 'conversations') LIMIT 512) t`,
    );
    const { rows: segments } = await client.query<{ firstNo: string; documents: number }>('SELECT first_no AS "firstNo", documents FROM coding_rule2.text_segments ORDER BY first_no');
    const isIndexed = state !== undefined && state.left < 512;
    if (isIndexed && chooseParts(segments) === undefined) return;
    // A search that meets rows that are not indexed has them indexed.
    if (!isIndexed) await search({ query: 'is anything new', limit: 1 });
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

async function searchOnce({ url, productKey }: BenchService, body: object): Promise<Found> {
  const answer = await fetch(`${url}/v1/products/coding_rule2/conversations/search`, {
    method: 'POST',
    headers: { authorization: `Bearer ${productKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await answer.text());
  return (await answer.json()) as Found;
}
