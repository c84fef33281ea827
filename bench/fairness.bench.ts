import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { ApiKeysService } from '../src/auth/api-keys.service.js';
import { PRODUCTS } from '../src/products/index.js';
import type { Benchmark, Figure } from './benchmark.js';
import { median } from './load.js';
import { asBase64, clusteredVectors, randomNumbers } from './made-vectors.js';
import { NEIGHBOUR } from './neighbour.js';
import { startServing } from './serving-process.js';

/** What the neighbour asks, one request after the other with a pause between: nobody's queue but the flood's delays it. */
const PAUSE_MS = 10;
const FLOODED = 'coding_rule2';
const VECTORS = clusteredVectors(2_000, randomNumbers(7)).map(asBase64);

/** One way to keep a product's pool, its line and the process busy. */
interface Flood {
  readonly what: string;
  readonly connections: number;
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body?: string;
  readonly headers?: Record<string, string>;
  /** Statements of the flood wait for a lock until they are ended: each holds its connection for as long as PostgreSQL lets it. */
  readonly locks?: string;
}

const FLOODS: readonly Flood[] = [
  { what: 'statements that hang', connections: 300, method: 'GET', path: 'violations', locks: 'coding_rule2.constitutional_violations' },
  { what: 'small reads', connections: 200, method: 'GET', path: 'violations?limit=1' },
  { what: 'vector searches', connections: 100, method: 'POST', path: 'conversations/search', body: JSON.stringify({ embedding: VECTORS[0], limit: 100 }) },
  { what: 'bodies of 1 MB', connections: 50, method: 'POST', path: 'events', body: JSON.stringify({ eventType: 'x', eventData: { text: 'x'.repeat(1_000_000) } }) },
  { what: 'requests that are refused', connections: 200, method: 'POST', path: 'events', body: '{}' },
  { what: 'one idempotency key', connections: 200, method: 'POST', path: 'events', body: '{"eventType":"x","eventData":{}}', headers: { 'idempotency-key': 'the same for all' } },
];

/** How long a neighbour's requests take while another product is flooded, beside how long they take when it is quiet. */
export const benchmark: Benchmark = {
  name: 'fairness',
  title: 'A product beside one that is flooded',
  parts: FLOODS.map(({ what }) => what),
  async run(bed) {
    const house = await bed.freshHouse([...PRODUCTS, NEIGHBOUR]);
    const keys = new ApiKeysService(house.databases);
    const keyOf = async (productId: string): Promise<string> => (await keys.create({ name: 'bench', productId })).key;
    const [flooding, asking] = [await keyOf(FLOODED), await keyOf(NEIGHBOUR.id)];
    const serving = await startServing({ DATABASE_URL: house.adminUrl, NAGAYA_ROLE_SECRET: bed.secret, NAGAYA_RATE_LIMIT: '0', LOG_LEVEL: 'error' }, './two-homes.js');
    bed.defer(() => serving.stop());
    const at = (product: string, path: string): string => `${serving.url}/v1/products/${product}/${path}`;
    await fill(at(FLOODED, 'conversations/batch'), flooding);
    const neighbour = new Neighbour(at(NEIGHBOUR.id, 'events?limit=1'), asking);
    await neighbour.latencies(bed.quick ? 200 : 3_000);

    const figures: Figure[] = [];
    for (const flood of FLOODS.filter(({ what }) => bed.wants(what))) {
      const pairs: { quiet: number; busy: number; ratio: number }[] = [];
      let answers: Record<string, number> = {};
      for (let round = 0; round < (bed.quick ? 1 : 5); round += 1) {
        const quiet = p95(await neighbour.latencies(bed.quick ? 500 : 4_000));
        const ended = await underFlood(flood, at(FLOODED, flood.path), flooding, house.adminUrl, async () => p95(await neighbour.latencies(bed.quick ? 500 : 4_000)));
        pairs.push({ quiet, busy: ended.result, ratio: ended.result / quiet });
        answers = ended.answers;
      }
      const [quiet, busy, ratio] = (['quiet', 'busy', 'ratio'] as const).map((name) => median(pairs.map((pair) => pair[name])));
      figures.push({ what: `p95 beside ${flood.what}`, value: busy ?? Number.NaN, unit: 'ms', ratio: ratio ?? Number.NaN, target: { atMost: 2 } });
      bed.note(`${flood.what}: ${flood.connections} connections, quiet ${quiet?.toFixed(2)} ms; the flood was answered ${JSON.stringify(answers)} in the last round`);
    }
    figures.push({ what: 'answers to the neighbour that were no success', value: neighbour.failures, unit: 'answers', target: { atMost: 0 } });
    return figures;
  },
};

/** Something to search in. */
async function fill(url: string, key: string): Promise<void> {
  for (let from = 0; from < VECTORS.length; from += 500) {
    const items = VECTORS.slice(from, from + 500).map((embedding, at) => ({ sessionId: `s${at % 20}`, userMessage: 'Why?', aiResponse: 'Because.'.repeat(50), embedding }));
    const answer = await fetch(url, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ items }) });
    if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
  }
}

class Neighbour {
  failures = 0;

  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  /** One request after the other for so many milliseconds. @returns how long each took, milliseconds */
  async latencies(forMs: number): Promise<number[]> {
    const taken: number[] = [];
    const end = performance.now() + forMs;
    while (performance.now() < end) {
      const began = performance.now();
      const answer = await fetch(this.url, { headers: { authorization: `Bearer ${this.key}` } });
      await answer.arrayBuffer();
      taken.push(performance.now() - began);
      if (!answer.ok) this.failures += 1;
      await sleep(PAUSE_MS);
    }
    return taken;
  }
}

/** The flood comes from a process of its own, so that making it does not delay who measures. */
async function underFlood<T>(flood: Flood, url: string, key: string, adminUrl: string, work: () => Promise<T>): Promise<{ result: T; answers: Record<string, number> }> {
  const locker = new pg.Client({ connectionString: adminUrl });
  // Where the benchmark fails its database is dropped under it; what failed is the error to show.
  locker.on('error', () => {});
  await locker.connect();
  if (flood.locks !== undefined) await locker.query(`BEGIN; LOCK TABLE ${flood.locks} IN ACCESS EXCLUSIVE MODE`);
  const child = fork(fileURLToPath(new URL('./flood.js', import.meta.url)));
  child.send({ ...flood, url, key });
  try {
    await once(child, 'message');
    await sleep(1_000);
    return { result: await work(), answers: await stop(child) };
  } finally {
    await locker.end();
    child.kill();
  }
}

/** @returns how the flood was answered */
async function stop(child: ChildProcess): Promise<Record<string, number>> {
  const told = once(child, 'message') as Promise<[Record<string, number>]>;
  child.send('stop');
  return (await told)[0];
}

function p95(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? Number.NaN;
}
