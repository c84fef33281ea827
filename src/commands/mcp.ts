import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js';
import { isJSONRPCRequest, type JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js';
import type { Command } from 'commander';
import { ApiKeysService } from '../auth/api-keys.service.js';
import { startService } from '../bootstrap.js';
import { createLogger } from '../http/logging.js';
import { commandContext, withDatabases, type CommandContext } from './context.js';
import { UsageError } from './usage-error.js';

interface McpFlags {
  url?: string;
  key?: string;
  product: string;
}

/** A session of an assistant is over by then; what is made for it and not revoked, because the process was killed, ends too. */
const KEY_LIFETIME_MS = 24 * 60 * 60_000;
/** JSON-RPC: the range of codes that a server chooses for itself. */
const UPSTREAM_FAILED = -32_000;

export function defineMcp(mcp: Command): void {
  mcp
    .option('--url <url>', 'where Nagaya serves (NAGAYA_API_URL); default: HOST and PORT, or a service of its own if nothing answers there')
    .option('--key <key>', "the product's key (NAGAYA_API_KEY); default: one made for as long as this runs")
    .option('--product <id>', 'the product', 'coding_rule2')
    .action(runMcp);
}

async function runMcp(flags: McpFlags): Promise<void> {
  const context = commandContext();
  const { host, port, apiUrl, apiKey } = context.configuration;
  if (!context.house.products.some(({ id }) => id === flags.product)) throw new UsageError(`There is no product ${flags.product}.`);
  const given = flags.url ?? apiUrl;
  const key = flags.key ?? apiKey;
  const here = `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
  if (given !== undefined || (await answers(here))) return withKey(context, flags.product, key, (chosen) => bridge(given ?? here, flags.product, chosen));
  const service = await startService({ ...context, configuration: { ...context.configuration, port: 0 }, logger: createLogger('silent') });
  try {
    await withKey(context, flags.product, key, (chosen) => bridge(service.url, flags.product, chosen));
  } finally {
    await service.close();
  }
}

async function withKey(context: CommandContext, productId: string, given: string | undefined, work: (key: string) => Promise<void>): Promise<void> {
  if (given !== undefined) return work(given);
  await withDatabases(context, async (databases) => {
    const keys = new ApiKeysService(databases);
    const own = await keys.create({ name: 'nagaya mcp', productId, expiresAt: new Date(Date.now() + KEY_LIFETIME_MS) });
    try {
      await work(own.key);
    } finally {
      await keys.revoke(own.id);
    }
  });
}

/** Hands messages on, both ways, until the assistant closes its end: over either transport it is the same server that answers. */
async function bridge(url: string, productId: string, key: string): Promise<void> {
  const upstream = new StreamableHTTPClientTransport(new URL(`${url}/v1/products/${productId}/mcp`), { requestInit: { headers: { authorization: `Bearer ${key}` } } });
  const assistant = new StdioServerTransport();
  const closed = new Promise<void>((resolve) => {
    process.stdin.once('end', resolve).once('close', resolve);
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
  const underWay = new Set<Promise<void>>();
  const fromAssistant = (message: JSONRPCMessage): void => {
    const work = upstream.send(message).catch((error: unknown) => assistant.send(failureOf(message, error)));
    underWay.add(work);
    void work.finally(() => underWay.delete(work));
  };
  Object.assign(upstream, { onmessage: (message: JSONRPCMessage) => void assistant.send(message) });
  Object.assign(assistant, { onmessage: fromAssistant });
  await upstream.start();
  await assistant.start();
  await closed;
  await Promise.allSettled(underWay);
  await upstream.close();
  await assistant.close();
}

/** A request is answered with what went wrong; where nothing waits for an answer, it is told on standard error. */
function failureOf(message: JSONRPCMessage, error: unknown): JSONRPCMessage {
  const reason = error instanceof Error ? error.message : String(error);
  process.stderr.write(`Nagaya did not take a message: ${reason}\n`);
  if (!isJSONRPCRequest(message)) return { jsonrpc: '2.0', method: 'notifications/message', params: { level: 'error', data: reason } };
  return { jsonrpc: '2.0', id: message.id, error: { code: UPSTREAM_FAILED, message: `Nagaya did not answer: ${reason}` } };
}

async function answers(url: string): Promise<boolean> {
  try {
    return (await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(2_000) })).ok;
  } catch {
    return false;
  }
}
