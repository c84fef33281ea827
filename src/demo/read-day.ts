import { onlyOnce, type DemoApi } from './api.js';
import type { Question } from './day/day.js';
import { DAY_HOURS } from './day/metrics.js';
import { encodeEmbedding, featureHash, similarity } from './feature-hash.js';
import type { Inheritance, MistakeRow, OperatorView, SearchReport, ViolationsSummary } from './report.js';
import { OF_PRODUCT } from './run.js';
import type { Run } from './run.js';

const HITS = 3;
const TOP_MISTAKES = 6;
const INHERIT_FROM = 'release-2-14';
const INHERIT_TO = 'release-2-15';
const BUDGET_TOKENS = 400;
const METRIC_SHOWN = 'response_latency';

/** @param since the server's time at the start of this run, so that an earlier run's copy of the day is not found as well */
export async function search(api: DemoApi, question: Question, run: Run, since: string): Promise<SearchReport> {
  const vector = featureHash(question.text);
  const begun = performance.now();
  const body = { embedding: encodeEmbedding(vector), limit: HITS, since };
  const { items } = await api.answer(`Searching “${question.text}”`, api.at.POST('/v1/products/coding_rule2/conversations/search', { body }));
  return {
    question: question.text,
    language: question.language,
    expectedSession: question.expectedSession,
    foundWhereExpected: items[0]?.sessionId === run.sessionId(question.expectedSession),
    milliseconds: Math.round(performance.now() - begun),
    hits: items.map((item) => ({
      id: item.id,
      sessionId: item.sessionId,
      similarity: item.similarity ?? 0,
      snippet: closestPassage(vector, [item.userMessage, item.aiResponse]),
      importanceLevel: item.importanceLevel,
    })),
  };
}

export async function topMistakes(api: DemoApi): Promise<MistakeRow[]> {
  const query = { orderBy: 'occurrences', limit: TOP_MISTAKES } as const;
  const { items } = await api.answer('Reading the mistake patterns', api.at.GET('/v1/products/coding_rule2/mistake-patterns', { params: { query } }));
  return items;
}

export function violationsSince(api: DemoApi, since: string): Promise<ViolationsSummary> {
  return api.answer('Summing up the violations', api.at.GET('/v1/products/coding_rule2/violations/summary', { params: { query: { since } } }));
}

export async function inherit(api: DemoApi, run: Run): Promise<Inheritance> {
  const body = { fromSessionId: run.sessionId(INHERIT_FROM), budgetTokens: BUDGET_TOKENS };
  const params = { path: { sessionId: run.sessionId(INHERIT_TO) } };
  const inherited = await api.answer('Inheriting a session', api.at.POST('/v1/products/coding_rule2/sessions/{sessionId}/inherit', { ...onlyOnce(), params, body }));
  // One that has expired or was forgotten since has no memory any more.
  return { ...inherited, items: inherited.items.flatMap(({ memory, ...item }) => (memory === null ? [] : [{ ...item, memory }])) };
}

/** @param operator reads the product's state; null where no operator key was given */
export async function operatorView(api: DemoApi, operator: DemoApi | null, run: Run): Promise<OperatorView> {
  const since = new Date(run.end.getTime() - DAY_HOURS * 3_600_000).toISOString();
  const ofProduct = { path: OF_PRODUCT };
  const hourly = { metricType: METRIC_SHOWN, since, until: run.end.toISOString(), bucket: '1h' } as const;
  const workers = await api.answer('Listing the workers', api.at.GET('/v1/products/{productId}/workers', { params: { ...ofProduct, query: { limit: 100 } } }));
  const metrics = await api.answer('Summing up the metrics', api.at.GET('/v1/products/{productId}/metrics/summary', { params: { ...ofProduct, query: hourly } }));
  const events = await api.answer('Listing the events', api.at.GET('/v1/products/{productId}/events', { params: { ...ofProduct, query: { since, limit: 10 } } }));
  return {
    workers: workers.items,
    metricType: METRIC_SHOWN,
    metricBuckets: metrics.items,
    events: events.items,
    product: operator === null ? null : { ...(await operator.answer('Reading the state of the product', operator.at.GET('/v1/products/{productId}', { params: ofProduct }))) },
  };
}

/** The two sentences of one speaker that are closest to the question: a snippet should show why the exchange was found. */
export function closestPassage(question: Float32Array, messages: readonly string[]): string {
  const passages = messages.flatMap(pairsOfSentences).map((passage) => ({ passage, closeness: similarity(question, featureHash(passage)) }));
  return passages.reduce((best, next) => (next.closeness > best.closeness ? next : best), { passage: messages.join(' '), closeness: -1 }).passage;
}

function pairsOfSentences(message: string): string[] {
  const sentences = message
    .split(/(?<=[。！？][」]?)(?!」)|(?<=[.!?]["”]?)\s+/u)
    .map((sentence) => sentence.trim())
    .filter((sentence) => /[\p{L}\p{N}]/u.test(sentence));
  if (sentences.length < 2) return sentences;
  return sentences.slice(1).map((sentence, index) => {
    const before = sentences[index] ?? '';
    return /[。！？」]$/u.test(before) ? before + sentence : `${before} ${sentence}`;
  });
}
