import { request as httpRequest } from 'node:http';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { environmentOf, nagaya, serve, type Served } from '../support/process.js';
import { asSuperuser } from '../support/postgres-server.js';

/*
 * Two real processes on one database, as two replicas behind a balancer: what a client sends twice may arrive at either, at once,
 * after its connection broke, or after the process that had it was killed.
 */
let database: TestDatabase;
let processes: Served[];
let key: string;
beforeAll(async () => {
  database = await createTestDatabase();
  const environment = environmentOf(database);
  const made = await nagaya(['key', 'create', '--product', 'coding_rule2', '--json'], environment);
  key = (JSON.parse(made.stdout) as { key: string }).key;
  processes = await Promise.all([serve(environment), serve(environment)]);
}, 120_000);
afterAll(async () => {
  for (const process of processes) await process.end('SIGKILL');
  await database.drop();
});

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

const pathOf = (pattern: string) => `/v1/products/coding_rule2/mistake-patterns/${pattern}/occurrences`;

async function record(process: Served | undefined, pattern: string, idempotencyKey: string): Promise<Answer> {
  const response = await fetch((process?.url ?? '') + pathOf(pattern), {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
    body: JSON.stringify({ detail: idempotencyKey }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

/** As a client is told to: 409 and 503 mean the same request again; so does an answer that never came. */
async function recordUntilAnswered(process: Served | undefined, pattern: string, idempotencyKey: string): Promise<Answer> {
  for (;;) {
    const answer = await record(process, pattern, idempotencyKey);
    if (answer.status !== 409 && answer.status !== 503) return answer;
    await sleep(50);
  }
}

/** What stands in the database about a pattern: the count that it says, and the rows of its history by their keys. */
async function stored(pattern: string): Promise<{ occurrences: number; details: string[] }> {
  const [found] = await asSuperuser(
    database.name,
    `SELECT p.occurrences, array_agg(o.detail ORDER BY o.detail) AS details
       FROM coding_rule2.mistake_patterns p JOIN coding_rule2.mistake_occurrences o ON o.pattern_id = p.id
      WHERE p.pattern_type = '${pattern}' GROUP BY p.occurrences`,
  );
  return (found?.rows[0] ?? { occurrences: 0, details: [] }) as { occurrences: number; details: string[] };
}

test('duplicates that arrive at once, at two processes, are carried out once and all answered alike', async () => {
  const keys = Array.from({ length: 30 }, () => randomUUID());
  const duplicates = keys.flatMap((each) => Array.from({ length: 6 }, (_, n) => ({ each, process: processes[n % 2] })));
  const answers = await Promise.all(duplicates.map(async ({ each, process }) => ({ each, answer: await recordUntilAnswered(process, 'at-once', each) })));
  for (const each of keys) {
    const own = answers.filter((entry) => entry.each === each).map(({ answer }) => answer);
    expect(own.map((answer) => answer.status)).toEqual(own.map(() => 201));
    expect(new Set(own.map((answer) => JSON.stringify(answer.body))).size).toBe(1);
  }
  expect(await stored('at-once')).toEqual({ occurrences: keys.length, details: keys.toSorted() });
});

test('a client that lost the answer asks again, of the other process, and nothing is written twice', async () => {
  const keys = Array.from({ length: 30 }, () => randomUUID());
  await Promise.all(keys.map((each, n) => loseAnswer(processes[0], each, n)));
  const answers = await Promise.all(keys.map((each) => recordUntilAnswered(processes[1], 'lost', each)));
  expect(answers.map((answer) => answer.status)).toEqual(keys.map(() => 201));
  expect(await stored('lost')).toEqual({ occurrences: keys.length, details: keys.toSorted() });
});

/** Sends the whole request and breaks the connection: some before it is worked on, some while, some after. */
async function loseAnswer(process: Served | undefined, idempotencyKey: string, delayMs: number): Promise<void> {
  const body = JSON.stringify({ detail: idempotencyKey });
  const request = httpRequest((process?.url ?? '') + pathOf('lost'), {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'content-length': body.length, 'idempotency-key': idempotencyKey },
  });
  request.on('error', () => {});
  request.end(body);
  await sleep(delayMs);
  request.destroy();
}

test('a process that is killed in the middle: all that was acknowledged is there, and the rest is done once when asked again', async () => {
  const [first, second] = processes;
  const acknowledged = new Map<string, string>();
  const sent: string[] = [];
  const client = async (): Promise<void> => {
    for (;;) {
      const each = randomUUID();
      sent.push(each);
      try {
        const answer = await record(first, 'killed', each);
        if (answer.status === 201) acknowledged.set(each, JSON.stringify(answer.body));
      } catch {
        // The process is gone.
        return;
      }
    }
  };
  const clients = Array.from({ length: 12 }, client);
  while (acknowledged.size < 60) await sleep(5);
  await first?.end('SIGKILL');
  await Promise.all(clients);
  const unanswered = sent.filter((each) => !acknowledged.has(each));
  expect(unanswered.length).toBeGreaterThan(0);

  for (const each of sent) {
    const answer = await recordUntilAnswered(second, 'killed', each);
    expect(answer.status).toBe(201);
    if (acknowledged.has(each)) expect(JSON.stringify(answer.body)).toBe(acknowledged.get(each));
  }
  expect(await stored('killed')).toEqual({ occurrences: sent.length, details: sent.toSorted() });
});
