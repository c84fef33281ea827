import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApiKeysService } from '../../src/auth/api-keys.service.js';
import { createTestDatabase, openTestDatabase, type TestDatabase } from '../support/database.js';
import { environmentOf, serve } from '../support/process.js';
import { waitingForLock, whileLocked } from './support/backends.js';
import { call } from './support/call.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

const PRODUCT = 'v1/products/coding_rule2';
const WRITERS = 24;
const WRITES = [
  { table: 'coding_rule2.mistake_occurrences', path: 'mistake-patterns/edited-without-reading/occurrences', body: { detail: 'once more' } },
  { table: 'core.monitoring_events', path: 'events', body: { eventType: 'edited', eventData: { file: 'a.ts' } } },
  { table: 'coding_rule2.conversation_context', path: 'conversations', body: { sessionId: 's', userMessage: 'q', aiResponse: 'a' } },
  { table: 'coding_rule2.memory_inheritance', path: 'memories', body: { sessionId: 's', memoryType: 'fact', memoryContent: { a: 1 } } },
] as const;

let database: TestDatabase;
let key: string;
beforeAll(async () => {
  database = await createTestDatabase();
  const open = await openTestDatabase(database);
  key = (await new ApiKeysService(open.databases).create({ name: 'test', productId: 'coding_rule2' })).key;
  await open.close();
});
afterAll(() => database.drop());

async function countOf(sql: string): Promise<number> {
  const [row] = await superuserRows<{ count: number }>(database.name, sql);
  return row?.count ?? -1;
}

/** What clients have been told is written. */
class Acknowledged {
  readonly ids = new Map<string, string[]>(WRITES.map(({ table }) => [table, []]));
  occurrences = 0;
  total = 0;

  note(table: string, id: string): void {
    this.total++;
    if (table === 'coding_rule2.mistake_occurrences') this.occurrences++;
    else this.ids.get(table)?.push(id);
  }
}

/** Writes until the service is gone; anything that was answered is an acknowledgement or a failure of the test. */
async function writeUntilGone(url: string, writer: number, acknowledged: Acknowledged): Promise<void> {
  for (let turn = writer; ; turn++) {
    const write = WRITES[turn % WRITES.length] ?? WRITES[0];
    const answer = await call(`${url}/${PRODUCT}/${write.path}`, 'POST', key, write.body).catch(() => undefined);
    if (answer === undefined) return;
    expect(answer.status).toBe(201);
    acknowledged.note(write.table, (answer.body as unknown as { id: string }).id);
  }
}

describe('kill -9 of the service while clients write', () => {
  const acknowledged = new Acknowledged();

  test.each([1, 2, 3])('time %i: every row that a client has a 2xx for is there, and what was half done is not', async () => {
    const service = await serve(environmentOf(database));
    const enough = acknowledged.total + 100 + Math.floor(Math.random() * 300);
    const writers = Array.from({ length: WRITERS }, (_, writer) => writeUntilGone(service.url, writer, acknowledged));
    await until(() => acknowledged.total >= enough);
    await service.end('SIGKILL');
    await Promise.all(writers);

    for (const [table, ids] of acknowledged.ids) {
      const list = ids.map((id) => `('${id}'::uuid)`).join(', ');
      if (list !== '') expect(await countOf(`SELECT count(*)::int FROM ${table} t JOIN (VALUES ${list}) a (id) ON a.id = t.id`)).toBe(ids.length);
    }
    const occurrences = await countOf('SELECT coalesce(max(occurrences), 0) AS count FROM coding_rule2.mistake_patterns');
    expect(occurrences).toBeGreaterThanOrEqual(acknowledged.occurrences);
    // What was written as the kill came: at most one for each client that had not heard yet.
    expect(occurrences).toBeLessThanOrEqual(acknowledged.occurrences + 3 * WRITERS);
    expect(await countOf('SELECT count(*)::int FROM coding_rule2.mistake_occurrences')).toBe(occurrences);
  });
});

test('SIGTERM: requests in flight are all answered, new ones are refused, and the exit status is 0', async () => {
  const service = await serve(environmentOf(database));
  const before = await countOf('SELECT count(*)::int FROM coding_rule2.mistake_occurrences');
  const { answers, ended } = await whileLocked(database.name, 'coding_rule2.mistake_patterns', async () => {
    const asking = Array.from({ length: 30 }, () => call(`${service.url}/${PRODUCT}/mistake-patterns/drained/occurrences`, 'POST', key, {}));
    // Some at work in the database, the others in line for a connection.
    await waitingForLock(database.name, 'coding_rule2', 20);
    const ended = service.end('SIGTERM');
    // The door stays open for probes until everybody has an answer.
    await until(() => fetch(`${service.url}/health/ready`).then((answer) => answer.status === 503));
    return { answers: asking, ended };
  });
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual(answers.map(() => 201));
  expect(await ended).toBe(0);
  expect(await countOf('SELECT count(*)::int FROM coding_rule2.mistake_occurrences')).toBe(before + answers.length);
});
