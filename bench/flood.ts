// Keeps some connections busy with one request until it is told to stop, and then says how it was answered. Started as a process.
import { once } from 'node:events';
import autocannon, { type Instance } from 'autocannon';

/** Longer than any measurement: it is stopped, it does not end. */
const LONG_S = 600;

// By message: a body of a megabyte is too long for an argument.
const [{ url, key, method, body, headers, connections }] = (await once(process, 'message')) as [{ url: string; key: string; method: 'GET' | 'POST'; body?: string; headers?: Record<string, string>; connections: number }];
const flood: Instance = autocannon({
  url,
  method,
  connections,
  duration: LONG_S,
  timeout: 60,
  headers: { authorization: `Bearer ${key}`, ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
  ...(body !== undefined && { body }),
  // Who gives a function gets what emits, otherwise a promise.
}, () => {});
const answers: Record<string, number> = {};
flood.on('response', (_client, status) => {
  answers[status] = (answers[status] ?? 0) + 1;
});
process.send?.('begun');
process.once('message', () => {
  flood.stop();
  process.send?.(answers);
});
