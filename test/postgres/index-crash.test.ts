import { afterAll, beforeAll, expect, test } from '@jest/globals';
import pg from 'pg';
import { ReferenceBm25 } from '../../bench/reference-bm25.js';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { CodingRule2Database } from '../../src/products/coding-rule2/coding-rule2.database.js';
import { CORPORA } from '../../src/products/coding-rule2/search/corpus.js';
import { TextIndexer } from '../../src/products/coding-rule2/search/text-indexer.service.js';
import { createTestDatabase, openTestDatabase, type TestDatabase } from '../support/database.js';
import { urlOfDatabase } from '../support/postgres-server.js';
import { environmentOf, serve } from '../support/process.js';
import { disagreements, type Ask } from '../support/text-index.js';
import { call } from './support/call.js';
import { until } from './support/until.js';

const PATH = 'v1/products/coding_rule2/conversations';
const WORDS = ['build', 'fails', 'merge', 'rollback', 'the', '請求書', 'テスト', '移行', '本番環境', 'データベース'];
const A_BATCH = 50;

let database: TestDatabase;
let key: string;
let client: pg.Client;
const ask: Ask = async <Row extends object>(sql: string, values: readonly unknown[] = []) => (await client.query<Row>(sql, [...values])).rows;

let made = 0;
const textOf = (nth: number) => `row${nth} ${WORDS.filter((_, word) => (nth >> word) % 2 === 1).join(' ')}`;

beforeAll(async () => {
  database = await createTestDatabase();
  const open = await openTestDatabase(database);
  key = (await new ApiKeysService(open.databases).create({ name: 'test', productId: 'coding_rule2' })).key;
  const product = new CodingRule2Database(open.databases);
  // So many small segments that whoever indexes next has some to put together.
  for (let segment = 0; segment < 8; segment++) {
    const texts = Array.from({ length: 20 }, () => textOf(made++));
    await product.query(`INSERT INTO coding_rule2.conversation_context (session_id, user_message, ai_response, context_data) SELECT 's', t, '', '{}' FROM unnest($1::text[]) AS t`, [texts]);
    await new TextIndexer(product).index('conversations', new AbortController().signal, 1);
  }
  await open.close();
  client = new pg.Client({ connectionString: urlOfDatabase(database.name) });
  await client.connect();
});
afterAll(async () => {
  await client?.end();
  await database?.drop();
});

/** What clients have been told. */
const written = new Set<string>();
const deleted = new Set<string>();

/** Asks one thing after the other until the service is gone; anything but the answer that is expected fails the test. */
async function untilGone(request: () => Promise<{ status: number }>, expected: number): Promise<void> {
  for (;;) {
    const answer = await request().catch(() => undefined);
    if (answer === undefined) return;
    expect(answer.status).toBe(expected);
  }
}

async function write(url: string): Promise<{ status: number }> {
  const items = Array.from({ length: A_BATCH }, () => ({ sessionId: 's', userMessage: textOf(made++), aiResponse: '' }));
  const answer = await call(`${url}/${PATH}/batch`, 'POST', key, { items });
  for (const { id } of (answer.body as unknown as { items?: { id: string }[] }).items ?? []) written.add(id);
  return answer;
}

/** The oldest row that clients were told of; there is one before anybody deletes. */
async function remove(url: string): Promise<{ status: number }> {
  const [id] = written;
  if (id === undefined) throw new Error('Nothing is left to be deleted.');
  written.delete(id);
  const answer = await call(`${url}/${PATH}/${id}`, 'DELETE', key);
  if (answer.status === 204) deleted.add(id);
  return answer;
}

const search = (url: string, query: string) => call(`${url}/${PATH}/search`, 'POST', key, { query, limit: 10 });

async function settledNo(): Promise<number> {
  const [row] = await ask<{ no: number }>(`SELECT settled_no::float8 AS no FROM coding_rule2.text_corpora WHERE corpus = 'conversations'`);
  return row!.no;
}

/** What a session of the killed process had begun is committed or rolled back. */
async function sessionsAreGone(): Promise<void> {
  await until(async () => (await ask(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND usename = 'coding_rule2'`)).length === 0);
}

/** The first to do so takes rows into a segment, or puts segments together; then also whoever deletes a row of one. */
async function isBeingWritten(): Promise<boolean> {
  return (await ask(`SELECT FROM pg_locks WHERE relation = 'coding_rule2.text_postings'::regclass AND mode = 'RowExclusiveLock'`)).length > 0;
}

// In the second round rows have just got into a segment, and segments are put together.
test.each(['while the index is being written', 'as soon as rows have been indexed'])('kill -9 with clients that write, delete and search, %s: the index is what the rows say', async (moment) => {
  const service = await serve(environmentOf(database));
  const settled = await settledNo();
  await write(service.url);
  const clients = [
    ...Array.from({ length: 4 }, () => untilGone(() => write(service.url), 201)),
    untilGone(() => remove(service.url), 204),
    ...['build 移行', 'rollback of the データベース'].map((query) => untilGone(() => search(service.url, query), 200)),
  ];
  await until(async () => (moment.startsWith('while') ? isBeingWritten() : (await settledNo()) > settled));
  await service.end('SIGKILL');
  await Promise.all(clients);
  await sessionsAreGone();

  expect(await disagreements(ask, CORPORA.conversations)).toEqual([]);
  const there = new Set((await ask<{ id: string }>('SELECT id FROM coding_rule2.conversation_context')).map(({ id }) => id));
  expect([...written].filter((id) => !there.has(id))).toEqual([]);
  expect([...deleted].filter((id) => there.has(id))).toEqual([]);
});

test('the next process finds all of it, as BM25 over the rows that are there ranks it', async () => {
  const service = await serve(environmentOf(database));
  try {
    const reference = new ReferenceBm25();
    for (const [nth, { text }] of (await ask<{ text: string }>(`SELECT user_message || E'\\n' AS text FROM coding_rule2.conversation_context`)).entries()) reference.add(nth, text);
    // What the killed one had no time for may be more than a search looks into.
    await until(async () => !((await search(service.url, 'build')).body as unknown as { isIncomplete: boolean }).isIncomplete);
    for (const query of ['build 移行', 'rollback of the データベース', `row${made >> 1} fails`]) {
      const { items } = (await search(service.url, query)).body as unknown as { items: { score: number }[] };
      expect(items.map(({ score }) => score.toFixed(6))).toEqual(reference.top(query, 10).map(({ score }) => score.toFixed(6)));
    }
  } finally {
    await service.end('SIGTERM');
  }
});
