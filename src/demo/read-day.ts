import type { DemoApi } from './api.js';
import type { Question } from './day/day.js';
import { DAY_HOURS } from './day/metrics.js';
import { encodeEmbedding, featureHash, similarity } from './feature-hash.js';
import type { EventRow, Inheritance, MetricBucket, MistakeRow, OperatorView, SearchReport, ViolationsSummary, WorkerRow } from './report.js';
import { PRODUCT, PRODUCT_PATH } from './run.js';
import type { Run } from './run.js';

const HITS = 3;
const TOP_MISTAKES = 6;
const INHERIT_FROM = 'release-2-14';
const INHERIT_TO = 'release-2-15';
const BUDGET_TOKENS = 400;
const METRIC_SHOWN = 'response_latency';

interface FoundConversation {
  id: string;
  sessionId: string;
  userMessage: string;
  aiResponse: string;
  importanceLevel: string;
  similarity: number;
}

/** @param since the server's time at the start of this run, so that an earlier run's copy of the day is not found as well */
export async function search(api: DemoApi, question: Question, run: Run, since: string): Promise<SearchReport> {
  const vector = featureHash(question.text);
  const begun = performance.now();
  const { items } = await api.ask<{ items: FoundConversation[] }>(`Searching “${question.text}”`, `${PRODUCT_PATH}/conversations/search`, {
    embedding: encodeEmbedding(vector),
    limit: HITS,
    since,
  });
  return {
    question: question.text,
    language: question.language,
    expectedSession: question.expectedSession,
    foundWhereExpected: items[0]?.sessionId === run.sessionId(question.expectedSession),
    milliseconds: Math.round(performance.now() - begun),
    hits: items.map((item) => ({
      id: item.id,
      sessionId: item.sessionId,
      similarity: item.similarity,
      snippet: closestPassage(vector, [item.userMessage, item.aiResponse]),
      importanceLevel: item.importanceLevel,
    })),
  };
}

export async function topMistakes(api: DemoApi): Promise<MistakeRow[]> {
  const { items } = await api.get<{ items: MistakeRow[] }>('Reading the mistake patterns', `${PRODUCT_PATH}/mistake-patterns`, {
    orderBy: 'occurrences',
    limit: String(TOP_MISTAKES),
  });
  return items;
}

export function violationsSince(api: DemoApi, since: string): Promise<ViolationsSummary> {
  return api.get('Summing up the violations', `${PRODUCT_PATH}/violations/summary`, { since });
}

export function inherit(api: DemoApi, run: Run): Promise<Inheritance> {
  return api.create('Inheriting a session', `${PRODUCT_PATH}/sessions/${run.sessionId(INHERIT_TO)}/inherit`, {
    fromSessionId: run.sessionId(INHERIT_FROM),
    budgetTokens: BUDGET_TOKENS,
  });
}

/** @param operator reads the product's state; null where no operator key was given */
export async function operatorView(api: DemoApi, operator: DemoApi | null, run: Run): Promise<OperatorView> {
  const since = new Date(run.end.getTime() - DAY_HOURS * 3_600_000).toISOString();
  const workers = await api.get<{ items: WorkerRow[] }>('Listing the workers', `${PRODUCT_PATH}/workers`, { limit: '100' });
  const metrics = await api.get<{ items: MetricBucket[] }>('Summing up the metrics', `${PRODUCT_PATH}/metrics/summary`, {
    metricType: METRIC_SHOWN,
    since,
    until: run.end.toISOString(),
    bucket: '1h',
  });
  const events = await api.get<{ items: EventRow[] }>('Listing the events', `${PRODUCT_PATH}/events`, { since, limit: '10' });
  return {
    workers: workers.items,
    metricType: METRIC_SHOWN,
    metricBuckets: metrics.items,
    events: events.items,
    product: operator === null ? null : await operator.get<Record<string, unknown>>('Reading the state of the product', `/v1/products/${PRODUCT}`),
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
