import type { Command } from 'commander';
import pc from 'picocolors';
import { ApiKeysService } from '../auth/api-keys.service.js';
import { startService } from '../bootstrap.js';
import { playDemo } from '../demo/play-demo.js';
import { createLogger } from '../http/logging.js';
import { commandContext, withDatabases, type CommandContext } from './context.js';

interface DemoFlags {
  url?: string;
  key?: string;
  operatorKey?: string;
  json?: true;
}

const PRODUCT = 'coding_rule2';
const KEY_LIFETIME_MS = 60 * 60_000;

export function defineDemo(demo: Command): void {
  demo
    .option('--url <url>', 'where Nagaya serves; default: HOST and PORT, or a service of its own if nothing answers there')
    .option('--key <key>', `a key of ${PRODUCT}; default: one made for an hour`)
    .option('--operator-key <key>', "an operator key, to see the operator's view; default: one made for an hour")
    .option('--json', 'print JSON')
    .action(runDemo);
}

async function runDemo(flags: DemoFlags): Promise<void> {
  const context = commandContext();
  const { host, port } = context.configuration;
  const given = flags.url ?? `http://${host}:${port}`;
  if (flags.url !== undefined || (await answers(given))) return playWithKeys(context, given, flags);
  const service = await startService({ ...context, configuration: { ...context.configuration, port: 0 }, logger: createLogger('silent') });
  try {
    await playWithKeys(context, service.url, flags);
  } finally {
    await service.close();
  }
}

/** Keys that were not given are made for the occasion and revoked afterwards. */
async function playWithKeys(context: CommandContext, baseUrl: string, flags: DemoFlags): Promise<void> {
  if (flags.key !== undefined) return play(baseUrl, flags.key, flags.operatorKey, flags.json === true);
  await withDatabases(context, async (databases) => {
    const keys = new ApiKeysService(databases);
    const expiresAt = new Date(Date.now() + KEY_LIFETIME_MS);
    const own = await keys.create({ name: 'demo', productId: PRODUCT, expiresAt });
    const operator = await keys.create({ name: 'demo operator', permissions: ['read'], expiresAt });
    try {
      await play(baseUrl, own.key, flags.operatorKey ?? operator.key, flags.json === true);
    } finally {
      await keys.revoke(own.id);
      await keys.revoke(operator.id);
    }
  });
}

async function play(baseUrl: string, apiKey: string, operatorKey: string | undefined, json: boolean): Promise<void> {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort(new Error('The demo was stopped.')));
  await playDemo({
    baseUrl,
    apiKey,
    ...(operatorKey !== undefined && { operatorKey }),
    json,
    out: process.stdout,
    isTty: process.stdout.isTTY,
    colours: pc.isColorSupported && process.stdout.isTTY,
    signal: stop.signal,
  });
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
