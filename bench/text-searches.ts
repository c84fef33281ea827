import type { Bed } from './bed.js';
import type { Figure } from './benchmark.js';
import type { MadeTexts } from './made-texts.js';
import { ReferenceBm25 } from './reference-bm25.js';
import { searchedCorpus, type Found, type SearchedCorpus } from './searched-corpus.js';

const TOP = 10;
/** Questions as people ask them. */
const QUESTIONS = 200;
/** Of each other kind. */
const OTHERS = 40;

/** Asks questions of several kinds, each once and then once more, and holds the answers against BM25 over every row. */
export async function measureSearches(bed: Bed, name: string, texts: MadeTexts, rows: number, atMost: number): Promise<Figure[]> {
  const corpus = await searchedCorpus(bed, name, texts, rows);
  const numbers = (most: number) => Array.from({ length: most }, (_, at) => Math.floor((at * rows) / most) + (at % 7));
  const kinds = [
    { kind: 'questions', queries: numbers(QUESTIONS).map((no) => texts.question(no)) },
    ...Object.entries(texts.others).map(([kind, query]) => ({ kind, queries: [...new Set(numbers(OTHERS).map(query))] })),
  ];
  const measured: { kind: string; queries: readonly string[]; first: number[]; again: number[]; answers: Found[]; pause: number }[] = [];
  for (const { kind, queries } of kinds) {
    await longestPause(corpus);
    const first = await askAll(corpus, queries);
    const again = await askAll(corpus, queries);
    measured.push({ kind, queries, first: first.times, again: again.times, answers: again.answers, pause: await longestPause(corpus) });
  }
  // The reference reads all texts, for which the machine must be free of others' questions.
  const reference = new ReferenceBm25(measured.flatMap(({ queries }) => queries));
  for (let no = 0; no < rows; no++) reference.add(no, texts.text(no));

  const size = rows.toLocaleString('en-GB');
  return measured.flatMap(({ kind, queries, first, again, answers, pause }): Figure[] => {
    const agreement = queries.map((query, at) => agreementOf(answers[at]!.items, reference.top(query, TOP)));
    const what = `${name}, ${size} rows, ${kind}`;
    bed.note(`${what}: p50 ${quantile(again, 0.5).toFixed(1)} ms; for the first time p50 ${quantile(first, 0.5).toFixed(1)} ms, longest ${Math.max(...first).toFixed(0)} ms; nothing else was served for at most ${pause.toFixed(0)} ms`);
    return [
      { what: `${what}: of the ten best of BM25, found`, value: agreement.reduce((sum, x) => sum + x, 0) / queries.length, unit: 'of 1', target: { atLeast: 0.999 } },
      { what: `${what}: p95, asked for the first time`, value: quantile(first, 0.95), unit: 'ms', target: { atMost } },
      { what: `${what}: p95`, value: quantile(again, 0.95), unit: 'ms', target: { atMost } },
    ];
  });
}

async function askAll({ search }: SearchedCorpus, queries: readonly string[]): Promise<{ times: number[]; answers: Found[] }> {
  const times: number[] = [];
  const answers: Found[] = [];
  for (const query of queries) {
    const before = performance.now();
    answers.push(await search({ query, mode: 'text', limit: TOP }));
    times.push(performance.now() - before);
  }
  return { times, answers };
}

/** The longest time, since it was last asked, for which the serving process did one thing only, ms. */
async function longestPause({ service }: SearchedCorpus): Promise<number> {
  const answer = await fetch(`${service.url}/metrics`, { headers: { authorization: `Bearer ${service.operatorKey}` } });
  const seconds = /^nodejs_eventloop_lag_max_seconds (\S+)/m.exec(await answer.text())?.[1];
  return 1_000 * Number(seconds);
}

/** Rows that score the same are as good as each other. */
function agreementOf(items: Found['items'], best: readonly { id: number; score: number }[]): number {
  const least = best.at(-1)?.score ?? 0;
  const good = items.filter(({ sessionId, score }) => best.some(({ id }) => sessionId === `row ${id}`) || Math.abs(score - least) < 1e-6);
  return best.length === 0 ? 1 : good.length / best.length;
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.min(Math.floor(share * values.length), values.length - 1)] ?? Number.NaN;
}
