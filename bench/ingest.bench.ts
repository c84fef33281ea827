import pg from 'pg';
import { newId } from '../src/database/new-id.js';
import { vectorToBinary } from '../src/database/vector.js';
import type { Bed } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { inTurns } from './load.js';
import { asBase64, clusteredVectors, randomNumbers } from './made-vectors.js';
import { measureTextLegCost } from './text-leg-cost.js';

const A_REQUEST = 50;
const COLUMNS = 7;

/** Conversations through HTTP, fifty a request: what the service costs, and what it costs that they are found by their words. */
export const benchmark: Benchmark = {
  name: 'ingest',
  title: 'Fifty conversations a request: against the same INSERT by plain pg, and against a twin without search by words',
  parts: ['embeddings', 'text-leg'],
  run: async (bed) => [...(bed.wants('embeddings') ? await besidePlain(bed) : []), ...(bed.wants('text-leg') ? await measureTextLegCost(bed) : [])],
};

/** With base64 embeddings, into an HNSW index that is there, against plain pg with binary parameters. */
async function besidePlain(bed: Bed): Promise<Figure[]> {
  const { url, productKey, house } = await bed.service();
  const plain = new pg.Pool({ connectionString: house.cluster.urlOf('coding_rule2'), max: 2 });
  bed.defer(() => plain.end());
  const requests = bed.quick ? 4 : 20;
  const vectors = clusteredVectors(A_REQUEST * requests, randomNumbers(11));
  const batches = Array.from({ length: requests }, (_, at) => vectors.slice(at * A_REQUEST, (at + 1) * A_REQUEST));

  // Made beforehand: embeddings come from their provider in base64 already.
  const bodies = new Map<readonly Float32Array[], string>(batches.map((batch) => [batch, bodyOf(batch)]));
  const byHttp = (batch: readonly Float32Array[]) => send(`${url}/v1/products/coding_rule2/conversations/batch`, productKey, bodies.get(batch) ?? '');
  const byPlain = (batch: readonly Float32Array[]) => insert(plain, batch);
  for (const warmUp of [byHttp, byPlain]) await rowsPerSecond(warmUp, batches.slice(0, 4));
  const { ours, plain: other, ratio } = await inTurns(bed.quick ? 1 : 5, () => rowsPerSecond(byHttp, batches), () => rowsPerSecond(byPlain, batches));
  bed.note(`plain pg ${Math.round(other)} rows/s; two requests at once, ${requests} a round, both into the same growing table and index`);
  return [{ what: 'conversations through HTTP', value: ours, unit: 'rows/s', ratio, target: { atLeast: 0.9 } }];
}

function bodyOf(batch: readonly Float32Array[]): string {
  return JSON.stringify({ items: batch.map((vector, at) => ({ sessionId: 'bench', userMessage: `question ${at}`, aiResponse: `answer ${at}`, embedding: asBase64(vector) })) });
}

async function send(url: string, key: string, body: string): Promise<void> {
  const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body });
  if (answer.status !== 201) throw new Error(await answer.text());
  await answer.arrayBuffer();
}

async function insert(pool: pg.Pool, batch: readonly Float32Array[]): Promise<void> {
  const rows = batch.map((_, row) => `(${Array.from({ length: COLUMNS }, (__, column) => `$${row * COLUMNS + column + 1}`).join(', ')})`);
  const values = batch.flatMap((vector, at) => [newId(), 'bench', `question ${at}`, `answer ${at}`, {}, vectorToBinary(vector), 'normal']);
  await pool.query(
    `INSERT INTO coding_rule2.conversation_context (id, session_id, user_message, ai_response, context_data, vector_embedding, importance_level)
     VALUES ${rows.join(', ')} RETURNING id`,
    values,
  );
}

async function rowsPerSecond(write: (batch: readonly Float32Array[]) => Promise<void>, batches: readonly (readonly Float32Array[])[]): Promise<number> {
  const began = performance.now();
  const line = [...batches];
  const one = async (): Promise<void> => {
    for (let batch = line.shift(); batch !== undefined; batch = line.shift()) await write(batch);
  };
  await Promise.all([one(), one()]);
  return ((batches.length * A_REQUEST) / (performance.now() - began)) * 1_000;
}
