import autocannon from 'autocannon';

export interface Request {
  readonly url: string;
  readonly method: 'GET' | 'POST';
  readonly key: string;
  readonly body?: string;
  /** In place of `body`: sent one after the other, by each connection from another one on. */
  readonly bodies?: readonly string[];
}

/** Keeps `connections` busy with one request for some seconds. @returns answers a second; anything but 2xx is an error */
export async function answersPerSecond({ url, method, key, body, bodies }: Request, seconds: number, connections = 20): Promise<number> {
  const given = body ?? bodies?.[0];
  let opened = 0;
  const result = await autocannon({
    url,
    method,
    connections,
    duration: seconds,
    headers: { authorization: `Bearer ${key}`, ...(given !== undefined && { 'content-type': 'application/json' }) },
    ...(given !== undefined && { body: given }),
    ...(bodies !== undefined && {
      setupClient: (client) => {
        const first = Math.floor((opened++ * bodies.length) / connections);
        client.setRequests([...bodies.slice(first), ...bodies.slice(0, first)].map((each) => ({ body: each })));
      },
    }),
  });
  if (result.non2xx > 0 || result.errors > 0) throw new Error(`${method} ${url}: ${result.non2xx} answers that were no success, ${result.errors} errors.`);
  return result['2xx'] / result.duration;
}

/** The two measured in turns, so that a machine whose speed drifts slows both; the median of each, and of the ratios pair by pair. */
export async function inTurns(rounds: number, ours: () => Promise<number>, plain: () => Promise<number>): Promise<{ ours: number; plain: number; ratio: number }> {
  const pairs: [number, number][] = [];
  for (let round = 0; round < rounds; round += 1) pairs.push([await ours(), await plain()]);
  return { ours: median(pairs.map(([a]) => a)), plain: median(pairs.map(([, b]) => b)), ratio: median(pairs.map(([a, b]) => a / b)) };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = Number.NaN, high = Number.NaN] = sorted.length % 2 === 1 ? [sorted[middle], sorted[middle]] : [sorted[middle - 1], sorted[middle]];
  return (low + high) / 2;
}
