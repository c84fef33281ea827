import type { Shape } from '../../clients/typescript/src/index.js';
import { onlyOnce, type DemoApi } from './api.js';
import type { Exchange, Session, WorkingDay } from './day/day.js';
import { metricsOfTheDay } from './day/metrics.js';
import { encodeEmbedding, featureHash } from './feature-hash.js';
import type { Progress } from './progress.js';
import type { WrittenCounts } from './report.js';
import { acknowledged, OF_PRODUCT } from './run.js';
import type { Run } from './run.js';

// The embedded engine adds some 40 vectors a second to its index: a batch is felt as a step of the bar, not as a pause.
const CONVERSATION_BATCH = 25;
const METRIC_BATCH = 1_000;
const EVENT_BATCH = 1_000;

// A memory that lives no longer is there to be seen expiring, so the demo waits for it.
const SHORT_LIFE_SECONDS = 10;
// For the way there and back, and for clocks that tick in whole seconds.
const MARGIN_MS = 500;

/** What later steps need to know of the writing. */
export interface Written {
  readonly counts: WrittenCounts;
  /** The server's clock when the run began: reads that concern this run alone start here, whatever the client's clock says. */
  readonly since: string;
  /** From this moment of the client's clock on, the silent worker counts as dead and the short-lived memory as expired. */
  readonly settledFrom: Date;
}

/** Writes the whole day, table by table. Workers come first, so that the silent one has been silent by the end. */
export async function writeDay(api: DemoApi, day: WorkingDay, run: Run, progress: Progress): Promise<Written> {
  await writeHeartbeats(api, 'heartbeats', day.workers, progress);
  const deadFrom = Date.now() + 3_000 * Math.max(0, ...day.workers.filter((worker) => worker.fallsSilent).map((worker) => worker.intervalSeconds));
  const since = await writeViolations(api, day, progress);
  await writeMistakePatterns(api, day, progress);
  const occurrences = await writeOccurrences(api, day, run, progress);
  const conversations = await writeConversations(api, day, run, progress);
  await writeMemories(api, day, run, progress);
  const expiredFrom = Date.now() + 1_000 * Math.max(0, ...lifetimes(day).filter((seconds) => seconds <= SHORT_LIFE_SECONDS));
  await writeEvents(api, day, run, progress);
  const metrics = await writeMetrics(api, run, progress);
  const living = day.workers.filter((worker) => !worker.fallsSilent);
  await writeHeartbeats(api, 'heartbeats again', living, progress);
  return {
    since,
    settledFrom: new Date(Math.max(deadFrom, expiredFrom) + MARGIN_MS),
    counts: {
      sessions: day.sessions.length,
      conversations,
      mistakePatterns: day.mistakePatterns.length,
      occurrences,
      violations: day.violations.length,
      memories: day.memories.length,
      events: day.events.length,
      metrics,
      heartbeats: day.workers.length + living.length,
    },
  };
}

/** The text that stands for an exchange in vector search. */
export function embeddedText(exchange: Exchange): string {
  return `${exchange.user}\n${exchange.assistant}`;
}

function lifetimes(day: WorkingDay): number[] {
  return day.memories.flatMap((memory) => memory.expiresInSeconds ?? []);
}

async function writeHeartbeats(api: DemoApi, title: string, workers: WorkingDay['workers'], progress: Progress): Promise<void> {
  await progress.each(title, workers, async (worker) => {
    const body = {
      workerType: worker.type,
      status: worker.status,
      cpuUsage: worker.cpu,
      memoryUsage: worker.memory,
      taskCount: worker.tasks,
      intervalSeconds: worker.intervalSeconds,
    };
    const path = { ...OF_PRODUCT, workerId: worker.id };
    await api.answer(`Heartbeat of ${worker.id}`, api.at.PUT('/v1/products/{productId}/workers/{workerId}/heartbeat', { params: { path }, body }));
  });
}

async function writeViolations(api: DemoApi, day: WorkingDay, progress: Progress): Promise<string> {
  let first: string | undefined;
  await progress.each('violations', day.violations, async (violation) => {
    const body = {
      violationType: violation.type,
      violationDescription: violation.description,
      originalResponse: violation.original,
      correctedResponse: violation.corrected,
      severityLevel: violation.severity,
      autoCorrected: violation.autoCorrected ?? false,
    };
    const row = await api.answer(`Recording a violation (${violation.type})`, api.at.POST('/v1/products/coding_rule2/violations', { ...onlyOnce(), body }));
    first ??= row.createdAt;
  });
  return first ?? new Date().toISOString();
}

async function writeMistakePatterns(api: DemoApi, day: WorkingDay, progress: Progress): Promise<void> {
  await progress.each('mistake patterns', day.mistakePatterns, async (pattern) => {
    const body = {
      patternDescription: pattern.description,
      patternData: { severity: pattern.severity, signs: pattern.signs },
      preventionActions: [...pattern.prevention],
    };
    const path = { patternType: pattern.type };
    await api.answer(`Describing ${pattern.type}`, api.at.PUT('/v1/products/coding_rule2/mistake-patterns/{patternType}', { params: { path }, body }));
  });
}

async function writeOccurrences(api: DemoApi, day: WorkingDay, run: Run, progress: Progress): Promise<number> {
  const occurrences = day.mistakePatterns.flatMap((pattern) => pattern.occurrences.map((occurrence) => ({ ...occurrence, type: pattern.type })));
  await progress.each('occurrences', occurrences, async (occurrence) => {
    const body = { sessionId: run.sessionId(occurrence.session), detail: occurrence.detail };
    const params = { path: { patternType: occurrence.type } };
    await api.answer(
      `Recording ${occurrence.type}`,
      api.at.POST('/v1/products/coding_rule2/mistake-patterns/{patternType}/occurrences', { ...onlyOnce(), params, body }),
    );
  });
  return occurrences.length;
}

async function writeConversations(api: DemoApi, day: WorkingDay, run: Run, progress: Progress): Promise<number> {
  const exchanges = day.sessions.flatMap((session) => session.exchanges.map((exchange) => ({ session, exchange })));
  await progress.batches('conversations', exchanges, CONVERSATION_BATCH, async (batch) => {
    const items = batch.map(({ session, exchange }) => conversation(run, session, exchange));
    const answer = await api.answer('Writing conversations', api.at.POST('/v1/products/coding_rule2/conversations/batch', { ...onlyOnce(), body: { items } }));
    acknowledged('Writing conversations', items.length, answer.items?.length);
  });
  return exchanges.length;
}

function conversation(run: Run, session: Session, exchange: Exchange): Shape<'RecordConversation'> {
  return {
    sessionId: run.sessionId(session.key),
    userMessage: exchange.user,
    aiResponse: exchange.assistant,
    importanceLevel: exchange.importance ?? 'normal',
    contextData: {
      project: session.project,
      programmingLanguage: session.programmingLanguage,
      language: session.language,
      tool: exchange.tool ?? null,
      files: exchange.files ?? [],
    },
    embedding: encodeEmbedding(featureHash(embeddedText(exchange))),
  };
}

async function writeMemories(api: DemoApi, day: WorkingDay, run: Run, progress: Progress): Promise<void> {
  await progress.each('memories', day.memories, async (memory) => {
    const body = {
      sessionId: run.sessionId(memory.session),
      memoryType: memory.type,
      memoryContent: { text: memory.text, about: memory.about },
      retentionPriority: memory.priority,
      expiresAt: memory.expiresInSeconds === undefined ? undefined : new Date(Date.now() + memory.expiresInSeconds * 1_000).toISOString(),
    };
    await api.answer(`Keeping a memory of ${memory.session}`, api.at.POST('/v1/products/coding_rule2/memories', { ...onlyOnce(), body }));
  });
}

async function writeEvents(api: DemoApi, day: WorkingDay, run: Run, progress: Progress): Promise<void> {
  await progress.batches('events', day.events, EVENT_BATCH, async (batch) => {
    const items = batch.map((event) => ({
      eventType: event.type,
      eventData: event.session === undefined ? event.data : { ...event.data, sessionId: run.sessionId(event.session) },
      timestamp: new Date(run.end.getTime() - event.hoursAgo * 3_600_000).toISOString(),
    }));
    const answer = await api.answer('Writing events', api.at.POST('/v1/products/{productId}/events/batch', { ...onlyOnce(), params: { path: OF_PRODUCT }, body: { items } }));
    acknowledged('Writing events', items.length, answer.items?.length);
  });
}

async function writeMetrics(api: DemoApi, run: Run, progress: Progress): Promise<number> {
  const points = metricsOfTheDay(run.end);
  await progress.batches('metrics', points, METRIC_BATCH, async (items) => {
    const answer = await api.answer('Writing metrics', api.at.POST('/v1/products/{productId}/metrics/batch', { ...onlyOnce(), params: { path: OF_PRODUCT }, body: { items } }));
    acknowledged('Writing metrics', items.length, answer.accepted);
  });
  return points.length;
}
