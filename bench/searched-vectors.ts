import { NestFactory } from '@nestjs/core';
import pg from 'pg';
import { AppModule } from '../src/app.module.js';
import { vectorToBinary } from '../src/database/vector.js';
import { CONVERSATION_COLUMNS } from '../src/products/coding-rule2/conversations/conversations.service.js';
import type { Bed, BenchHouse } from './bed.js';
import { asBase64 } from './made-vectors.js';

export const K = 10;
/** The service's own default, so that all sides search equally hard. */
export const EF_SEARCH = 100;
export const CALLERS = 8;
export const NEAREST = `SELECT ${CONVERSATION_COLUMNS}, 1 - (vector_embedding <=> $1) AS similarity
  FROM coding_rule2.conversation_context WHERE vector_embedding IS NOT NULL ORDER BY vector_embedding <=> $1 LIMIT ${K}`;

/** @returns what names the rows that were found, best first */
export type Search = (vector: Float32Array, caller: number) => Promise<string[]>;

export const searchPath = '/v1/products/coding_rule2/conversations/search';

export const searchBody = (vector: Float32Array, more: object = {}): string => JSON.stringify({ embedding: asBase64(vector), limit: K, ...more });

/** The application without its socket, to ask its services directly. */
export async function applicationOf(bed: Bed, { house, cluster, databases }: BenchHouse): Promise<{ get<T>(type: abstract new (...given: never[]) => T): T }> {
  const context = await NestFactory.createApplicationContext(AppModule.forHouse(house, cluster, databases), { logger: false });
  bed.defer(() => context.close());
  return { get: (type) => context.get(type, { strict: false }) };
}

/** Vectors near some of those given, as questions are near what answers them. */
export function questionsNear(vectors: readonly Float32Array[], count: number, random: () => number): Float32Array[] {
  return Array.from({ length: count }, (_, at) => (vectors[(at * 97) % vectors.length] ?? new Float32Array()).map((x) => x + (random() * 2 - 1) * 0.2));
}

/** Rows as the owner, then the index: building it once is quicker than growing it. Their messages say which vector is theirs. */
export async function fillConversations(adminUrl: string, vectors: readonly Float32Array[], model: string | null = null): Promise<void> {
  await asOwner(adminUrl, async (client) => {
    await client.query(`SET maintenance_work_mem = '512MB'; SET search_path = coding_rule2, extensions`);
    const { rows } = await client.query<{ indexdef: string }>(`SELECT indexdef FROM pg_indexes WHERE indexname = 'conversation_context_vector_embedding_idx'`);
    await client.query('DROP INDEX conversation_context_vector_embedding_idx');
    for (let at = 0; at < vectors.length; at += 500) {
      const batch = vectors.slice(at, at + 500);
      const values = batch.map((_, row) => `('bench', 'question ${at + row}', 'answer ${at + row}', '{}', $${row + 2}::vector, $1)`);
      await client.query(
        `INSERT INTO conversation_context (session_id, user_message, ai_response, context_data, vector_embedding, embedding_model) VALUES ${values.join(', ')}`,
        [model, ...batch.map(vectorToBinary)],
      );
    }
    await client.query(rows[0]?.indexdef ?? '');
    await client.query('ANALYZE conversation_context');
  });
}

/** The true nearest, computed without the index. @param tell what names a row */
export function exactly(adminUrl: string, questions: readonly Float32Array[], tell: (row: { id: string; userMessage: string }) => string): Promise<string[][]> {
  return asOwner(adminUrl, async (client) => {
    await client.query('SET search_path = coding_rule2, extensions; SET enable_indexscan = off');
    const answers: string[][] = [];
    for (const question of questions) answers.push((await client.query<{ id: string; userMessage: string }>(NEAREST, [vectorToBinary(question)])).rows.map(tell));
    return answers;
  });
}

async function asOwner<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** So many callers ask one question after the other. */
export async function searchesPerSecond(search: Search, questions: readonly Float32Array[], seconds: number): Promise<number> {
  const began = performance.now();
  let done = 0;
  const one = async (at: number): Promise<void> => {
    for (let next = at; performance.now() - began < seconds * 1_000; next += CALLERS) {
      await search(questions[next % questions.length]!, at);
      done += 1;
    }
  };
  await Promise.all(Array.from({ length: CALLERS }, (_, at) => one(at)));
  return (done / (performance.now() - began)) * 1_000;
}

/** The share of the true nearest that a search finds. */
export async function recall(search: Search, questions: readonly Float32Array[], truth: readonly string[][]): Promise<number> {
  let found = 0;
  for (const [at, question] of questions.entries()) {
    const answered = new Set(await search(question, 0));
    found += (truth[at] ?? []).filter((row) => answered.has(row)).length;
  }
  return found / (questions.length * K);
}
