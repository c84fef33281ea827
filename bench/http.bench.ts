import type { BenchService, Bed } from './bed.js';
import type { Benchmark, Figure } from './benchmark.js';
import { answersPerSecond, inTurns, type Request } from './load.js';
import { startServing, type ServingProcess } from './serving-process.js';

const VIOLATION = JSON.stringify({
  violationType: 'honesty',
  violationDescription: 'Claimed to have run the tests',
  originalResponse: 'All tests pass.',
  correctedResponse: 'I have not run the tests yet.',
  severityLevel: 'high',
});
const MEMORY_LIMIT_MB = 300;

/** One row read and one written through HTTP, against a route written by hand. */
export const benchmark: Benchmark = {
  name: 'http',
  title: 'Point reads and writes through HTTP, against Fastify + pg written by hand',
  run,
};

async function run(bed: Bed): Promise<Figure[]> {
  const ours = await bed.service();
  const plain = await startServing({ DATABASE_URL: ours.house.cluster.urlOf('coding_rule2'), KEY: ours.productKey }, './plain-server.js');
  bed.defer(() => plain.stop());
  const api = `${ours.url}/v1/products/coding_rule2`;
  const byHand = `${plain.url}/v1/products/coding_rule2`;
  const id = await oneConversation(api, ours.productKey);

  const seconds = bed.quick ? 1 : 6;
  const rounds = bed.quick ? 1 : 5;
  const compare = async (what: string, mine: Request, theirs: Request): Promise<Figure> => {
    for (const warmUp of [mine, theirs]) await answersPerSecond(warmUp, bed.quick ? 1 : 4);
    const { ours: value, plain: other, ratio } = await inTurns(rounds, () => answersPerSecond(mine, seconds), () => answersPerSecond(theirs, seconds));
    bed.note(`${what}: by hand ${Math.round(other)} req/s, the median of ${rounds} rounds of ${seconds} s in turns, 20 connections`);
    return { what, value, unit: 'req/s', ratio, target: { atLeast: 0.8 } };
  };
  const key = ours.productKey;
  return [
    await compare('read one conversation', { url: `${api}/conversations/${id}`, method: 'GET', key }, { url: `${byHand}/conversations/${id}`, method: 'GET', key }),
    await compare('write one violation', { url: `${api}/violations`, method: 'POST', key, body: VIOLATION }, { url: `${byHand}/violations`, method: 'POST', key, body: VIOLATION }),
    await memory(ours, plain, bed),
  ];
}

async function oneConversation(api: string, key: string): Promise<string> {
  const answer = await fetch(`${api}/conversations`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ sessionId: 'bench', userMessage: 'Why does the build fail?', aiResponse: 'The lock file names a version that is gone.' }),
  });
  return ((await answer.json()) as { id: string }).id;
}

async function memory(ours: BenchService, plain: ServingProcess, bed: Bed): Promise<Figure> {
  bed.note(`by hand ${Math.round((await plain.residentBytes()) / 1e6)} MB resident after the same load`);
  return { what: 'resident memory after the load', value: (await ours.residentBytes()) / 1e6, unit: 'MB', target: { atMost: MEMORY_LIMIT_MB } };
}
