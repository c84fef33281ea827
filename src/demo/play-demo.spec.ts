import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';

import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';

import { decodeEmbedding, similarity } from './feature-hash.js';
import { playDemo } from './play-demo.js';
import type { DemoOptions } from './play-demo.js';

type Json = Record<string, unknown>;
interface Call {
  method: string;
  path: string;
  query: URLSearchParams;
  body: Json;
}

const BASE = '/v1/products/coding_rule2/';

/** The fields each operation takes, as in the contract's section 5; a field that is not listed is refused there. */
const FIELDS: readonly (readonly [RegExp, readonly string[]])[] = [
  [/^PUT workers\/[\w-]+\/heartbeat$/, ['workerType', 'status', 'cpuUsage', 'memoryUsage', 'taskCount', 'intervalSeconds']],
  [/^POST violations$/, ['violationType', 'violationDescription', 'originalResponse', 'correctedResponse', 'severityLevel', 'autoCorrected']],
  [/^PUT mistake-patterns\/[\w-]+$/, ['patternDescription', 'patternData', 'preventionActions']],
  [/^POST mistake-patterns\/[\w-]+\/occurrences$/, ['patternDescription', 'patternData', 'preventionActions', 'sessionId', 'detail']],
  [/^POST conversations\/batch$/, ['sessionId', 'userMessage', 'aiResponse', 'contextData', 'embedding', 'importanceLevel']],
  [/^POST conversations\/search$/, ['embedding', 'limit', 'sessionId', 'minImportance', 'since', 'until', 'minSimilarity', 'efSearch']],
  [/^POST memories$/, ['sessionId', 'memoryType', 'memoryContent', 'retentionPriority', 'expiresAt']],
  [/^POST events\/batch$/, ['eventType', 'eventData', 'timestamp']],
  [/^POST metrics\/batch$/, ['metricType', 'metricValue', 'metricUnit', 'timestamp', 'metadata']],
  [/^POST sessions\/[\w-]+\/inherit$/, ['fromSessionId', 'budgetTokens']],
  [/^GET (mistake-patterns|violations\/summary|workers|metrics\/summary|events)$/, []],
  [/^GET \/v1\/products\/coding_rule2$/, []],
];

/** Keeps what is written, answers in the contract's shapes, and searches exactly. */
class Stub {
  readonly calls: Call[] = [];
  readonly refused: string[] = [];
  failAt: string | undefined;
  private readonly server: Server;

  constructor() {
    this.server = createServer((request, response) => {
      void this.handle(request, response);
    });
  }

  async listen(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.closeAllConnections();
    this.server.close();
  }

  rows(request: string): Json[] {
    return this.calls.filter((call) => `${call.method} ${call.path}` === request).flatMap((call) => (call.body['items'] as Json[] | undefined) ?? [call.body]);
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const raw = await text(request);
    const url = new URL(request.url ?? '', 'http://stub');
    const path = url.pathname.startsWith(BASE) ? url.pathname.slice(BASE.length) : url.pathname;
    const call = { method: request.method ?? '', path, query: url.searchParams, body: raw === '' ? {} : (JSON.parse(raw) as Json) };
    const failed = `${call.method} ${path}` === this.failAt;
    this.check(call);
    this.calls.push(call);
    response.writeHead(failed ? 403 : call.method === 'POST' ? 201 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(failed ? { code: 'product_suspended', detail: 'The product is suspended.' } : this.answer(call)));
  }

  private check({ method, path, body }: Call): void {
    const fields = FIELDS.find(([pattern]) => pattern.test(`${method} ${path}`))?.[1];
    if (fields === undefined) this.refused.push(`${method} ${path}`);
    for (const row of (body['items'] as Json[] | undefined) ?? [body]) {
      for (const field of Object.keys(row)) {
        if (fields?.includes(field) === false) this.refused.push(`${method} ${path}: ${field}`);
      }
    }
  }

  private answer({ method, path, body }: Call): Json {
    const items = (body['items'] as Json[] | undefined) ?? [];
    if (path === 'metrics/batch') return { accepted: items.length };
    if (path.endsWith('/batch')) return { items: items.map((_, index) => ({ id: String(index) })) };
    if (path === 'conversations/search') return { items: this.search(body) };
    if (path.endsWith('/inherit')) return this.inherit(path, body);
    if (path === 'violations/summary') return { total: 15, autoCorrectedCount: 9, autoCorrectionRate: 0.6, byType: [{ key: 'unverified-claim', count: 3 }], bySeverity: [], byDay: [] };
    if (method === 'GET' && path === 'mistake-patterns') return { items: [this.pattern('edited-without-reading')], nextCursor: null };
    if (path === 'workers') return { items: [WORKER], nextCursor: null };
    if (path === 'metrics/summary') return { items: [{ bucketStart: '2026-03-02T08:00:00.000Z', metricType: 'response_latency', count: 90, min: 1, max: 9, mean: 4, p50: 900, p95: 2400, p99: 3000 }] };
    if (path === 'events') return { items: [{ eventType: 'deployment', eventData: { service: 'fernpack' }, timestamp: '2026-03-02T08:00:00.000Z' }], nextCursor: null };
    if (path.startsWith('/v1/')) return { id: 'coding_rule2', status: 'active', migrations: { pending: [] } };
    return { ...body, id: 'x', createdAt: '2026-03-02T08:00:00.000Z' };
  }

  private pattern(type: string): Json {
    const occurrences = this.rows(`POST mistake-patterns/${type}/occurrences`).length;
    return { patternType: type, patternDescription: '…', occurrences, lastOccurrence: null, preventionActions: ['Open the whole file before the first edit.'] };
  }

  private search(body: Json): Json[] {
    const question = decodeEmbedding(String(body['embedding']));
    return this.rows('POST conversations/batch')
      .map((row) => ({ ...row, id: 'c', similarity: similarity(question, decodeEmbedding(String(row['embedding']))) }))
      .toSorted((left, right) => right.similarity - left.similarity)
      .slice(0, Number(body['limit']));
  }

  private inherit(path: string, body: Json): Json {
    const memories = this.rows('POST memories').filter((memory) => memory['sessionId'] === body['fromSessionId']);
    const items = memories.map((memory, index) => ({ memory, included: index < 3, reason: index < 3 ? 'within the budget' : 'the budget is used up' }));
    return { sessionId: path.split('/')[1], fromSessionId: body['fromSessionId'], budgetTokens: body['budgetTokens'], usedTokens: 312, items };
  }
}

const WORKER = {
  workerId: 'doc-indexer-1', workerType: 'indexer', status: 'busy', cpuUsage: 22.9, memoryUsage: null, taskCount: 1,
  lastHeartbeat: '2026-03-02T08:00:00.000Z', state: 'dead',
};

function collector(): { out: NodeJS.WritableStream; printed: () => string } {
  let printed = '';
  const out = new Writable({
    write(chunk: Buffer, _encoding, done) {
      printed += chunk.toString();
      done();
    },
  });
  return { out, printed: () => printed };
}

describe('playDemo', () => {
  let stub: Stub;
  let baseUrl: string;
  const { out, printed } = collector();
  const options = (more: Partial<DemoOptions> = {}): DemoOptions => ({ baseUrl, apiKey: 'ngy_op_test', json: false, out, isTty: false, colours: false, ...more });

  // The four seconds until a worker counts as dead are real; the rest is quick.
  jest.setTimeout(30_000);

  beforeEach(async () => {
    stub = new Stub();
    baseUrl = await stub.listen();
  });
  afterEach(() => stub.close());

  it('writes the day in the contract’s shapes, finds what it asks for and says what it wrote', async () => {
    const report = await playDemo(options());

    expect(stub.refused).toEqual([]);
    expect(report.searches.map((search) => [search.question, search.foundWhereExpected])).toEqual(report.searches.map((search) => [search.question, true]));
    expect(report.written.conversations).toBe(stub.rows('POST conversations/batch').length);
    expect(report.written.metrics).toBe(stub.rows('POST metrics/batch').length);
    expect(report.operator.product).toMatchObject({ status: 'active' });
    expect(Math.max(...stub.calls.map((call) => (call.body['items'] as Json[] | undefined)?.length ?? 0))).toBeLessThanOrEqual(1_000);

    const sessionIds = new Set(stub.rows('POST conversations/batch').map((row) => row['sessionId']));
    expect([...sessionIds].every((id) => String(id).endsWith(report.runId))).toBe(true);
    const times = [...stub.rows('POST metrics/batch'), ...stub.rows('POST events/batch')].map((row) => Date.parse(String(row['timestamp'])));
    expect(Math.max(...times)).toBeLessThanOrEqual(Date.now());

    const screen = printed();
    expect(screen).toContain('hashed character n-grams, not a language model');
    expect(screen).toContain('119 of 119');
    expect(screen).toContain('テストを実行せずに「通った」と言いました。');
    expect(screen).toContain('the budget is used up');
    expect(screen).toContain(`${baseUrl}/docs`);
    expect(screen).not.toContain('ngy_op_test');
    expect(screen).not.toContain('\u001b[');
  });

  it('prints nothing but the report with json, and only counts grow in a second run', async () => {
    const { out: first, printed: firstPrinted } = collector();
    const { out: second } = collector();
    const [one, two] = await Promise.all([
      playDemo(options({ json: true, out: first, isTty: true, colours: true, apiKey: 'ngy_pk_test' })),
      playDemo(options({ json: true, out: second, apiKey: 'ngy_pk_test' })),
    ]);
    expect(JSON.parse(firstPrinted())).toEqual(one);
    expect(one.runId).not.toBe(two.runId);
    expect(one.operator.product).toBeNull();
    expect(Math.max(one.topMistakes[0]?.occurrences ?? 0, two.topMistakes[0]?.occurrences ?? 0)).toBe(12);
  });

  it('stops at the first problem and names the operation', async () => {
    stub.failAt = 'POST memories';
    await expect(playDemo(options({ out: collector().out }))).rejects.toThrow(/^Keeping a memory of .+: POST \/v1\/products\/coding_rule2\/memories answered 403 product_suspended\.\nThe product is suspended\./);
    expect(stub.calls.at(-1)?.path).toBe('memories');
  });

  it('stops when its signal does', async () => {
    const abort = new AbortController();
    const playing = playDemo(options({ out: collector().out, signal: abort.signal }));
    setTimeout(() => abort.abort(new Error('SIGINT')), 20);
    await expect(playing).rejects.toThrow('SIGINT');
  });
});
