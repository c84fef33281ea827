import pg from 'pg';
import type { Bed, BenchService } from './bed.js';
import type { Figure } from './benchmark.js';
import { inTurns, median } from './load.js';
import { englishTexts, japaneseTexts, type MadeTexts } from './made-texts.js';
import { asBase64, clusteredVectors, randomNumbers } from './made-vectors.js';

const A_REQUEST = 50;
/** Requests under way at once, as many as the machine that this was made on has processors. */
const AT_ONCE = 2;
const TARGET = { atLeast: 0.7 };
/** What the indexer leaves outside of segments, where a search reads it faster than it would be written. */
const FEWEST_NEW_ROWS = 512;
/** Different vectors; texts are all different. */
const VECTORS = 2_000;

const LANGUAGES: readonly { readonly name: string; readonly make: (subjects: number) => MadeTexts; readonly requests: number; readonly withVectors: boolean }[] = [
  { name: 'English', make: englishTexts, requests: 400, withVectors: false },
  { name: 'Japanese', make: japaneseTexts, requests: 400, withVectors: false },
  { name: 'English, with embeddings', make: englishTexts, requests: 120, withVectors: true },
];

/**
 * The same conversations through the same service, once as it is and once on a twin whose rows get no number and go into no
 * segment: no identity, no index on it, nothing to index. In turns, and each turn on until the rows are in segments.
 */
export async function measureTextLegCost(bed: Bed): Promise<Figure[]> {
  const figures: Figure[] = [];
  for (const { name, make, requests, withVectors } of LANGUAGES) {
    const texts = make(1_000);
    const vectors = withVectors ? clusteredVectors(bed.quick ? 100 : VECTORS, randomNumbers(17)) : undefined;
    const [searched, plain] = [await bed.service(), await bed.service()];
    await withoutTextLeg(bed, plain);
    const rounds = bed.quick ? 1 : 5;
    const acknowledged: number[] = [];
    let first = 0;
    let bodies: string[] = [];
    const turn = async (service: BenchService, isSearched: boolean): Promise<number> => {
      const began = performance.now();
      await sendAll(service, bodies);
      const sent = performance.now();
      if (isSearched) await indexed(service);
      const rows = bodies.length * A_REQUEST;
      if (isSearched) acknowledged.push((rows / (sent - began)) * 1_000);
      return (rows / (performance.now() - began)) * 1_000;
    };
    const prepare = (): void => {
      bodies = madeBodies(texts, vectors, first, bed.quick ? 20 : requests);
      first += bodies.length * A_REQUEST;
    };
    // Both warm before anything counts; what one turn sends, the other sends too.
    prepare();
    for (const service of [searched, plain]) await turn(service, service === searched);
    acknowledged.length = 0;
    const result = await inTurns(
      rounds,
      () => {
        prepare();
        return turn(searched, true);
      },
      () => turn(plain, false),
    );
    const ready = median(acknowledged);
    bed.note(`${name}: ${Math.round(result.plain)} rows/s without; ${bodies.length * A_REQUEST} rows a turn, ${A_REQUEST} a request, ${AT_ONCE} requests at once`);
    figures.push(
      { what: `${name}: rows acknowledged, each findable by its words, beside rows that are not`, value: ready, unit: 'rows/s', ratio: ready / result.plain, target: TARGET },
      { what: `${name}: the same until all are in segments`, value: result.ours, unit: 'rows/s', ratio: result.ratio, target: TARGET },
    );
    await Promise.all([searched.stop(), plain.stop()]);
  }
  return figures;
}

/** Nothing of what the text leg adds to a row is left; where no corpus is kept, nothing is indexed either. */
async function withoutTextLeg(bed: Bed, { house }: BenchService): Promise<void> {
  for (const statement of [
    'DELETE FROM coding_rule2.text_corpora',
    'DROP INDEX coding_rule2.conversation_context_text_no_idx',
    'ALTER TABLE coding_rule2.conversation_context ALTER COLUMN text_no DROP IDENTITY, ALTER COLUMN text_no DROP NOT NULL',
  ]) {
    await bed.asSuperuser(statement, house.adminUrl);
  }
}

function madeBodies(texts: MadeTexts, vectors: readonly Float32Array[] | undefined, first: number, requests: number): string[] {
  return Array.from({ length: requests }, (_, request) => {
    const items = Array.from({ length: A_REQUEST }, (__, at) => {
      const no = first + request * A_REQUEST + at;
      const embedding = vectors && asBase64(vectors[no % vectors.length]!);
      return { sessionId: `session ${no % 100}`, userMessage: texts.question(no), aiResponse: texts.text(no), ...(embedding !== undefined && { embedding }) };
    });
    return JSON.stringify({ items });
  });
}

async function sendAll({ url, productKey }: BenchService, bodies: readonly string[]): Promise<void> {
  const line = [...bodies];
  const one = async (): Promise<void> => {
    for (let body = line.shift(); body !== undefined; body = line.shift()) {
      const answer = await fetch(`${url}/v1/products/coding_rule2/conversations/batch`, {
        method: 'POST',
        headers: { authorization: `Bearer ${productKey}`, 'content-type': 'application/json' },
        body,
      });
      if (answer.status !== 201) throw new Error(await answer.text());
      await answer.arrayBuffer();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, one));
}

/** Waits until the indexer has nothing left that it would take. */
async function indexed({ house }: BenchService): Promise<void> {
  const client = new pg.Client({ connectionString: house.adminUrl });
  await client.connect();
  try {
    for (;;) {
      const { rows: [state] } = await client.query<{ left: number }>(
        `SELECT count(*)::int AS left FROM (SELECT FROM coding_rule2.conversation_context
          WHERE text_no > (SELECT settled_no FROM coding_rule2.text_corpora WHERE corpus = 'conversations') LIMIT ${FEWEST_NEW_ROWS}) t`,
      );
      if (state !== undefined && state.left < FEWEST_NEW_ROWS) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  } finally {
    await client.end();
  }
}
