import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js';
import { startTestService, type TestService } from '../support/service.js';

const PATH = '/v1/products/coding_rule2';
const CLI = fileURLToPath(new URL('../../dist/src/cli.js', import.meta.url));
const TOOLS = ['mistake_check', 'mistake_outcome', 'memory_add', 'memory_forget', 'memory_get', 'memory_search', 'mistake_record', 'session_handoff', 'session_start', 'stats', 'violation_record'];

let nagaya: TestService;
const clients: Client[] = [];
beforeAll(async () => {
  nagaya = await startTestService();
});
afterAll(async () => {
  for (const client of clients) await client.close();
  await nagaya.stop();
});

const overHttp = (key: string): Transport => new StreamableHTTPClientTransport(new URL(`${nagaya.service.url}${PATH}/mcp`), { requestInit: { headers: { authorization: `Bearer ${key}` } } });
/** The built command line, in a process of its own, as an assistant starts it. */
const overStdio = (key: string): Transport =>
  new StdioClientTransport({ command: process.execPath, args: [CLI, 'mcp', '--url', nagaya.service.url], env: { NAGAYA_API_KEY: key, PATH: process.env['PATH'] ?? '' } });

async function connect(transport: Transport): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  clients.push(client);
  return client;
}

interface Result {
  isError?: boolean;
  structuredContent?: Record<string, unknown>;
  content: { type: string; text: string }[];
}
const call = async (client: Client, name: string, given: Record<string, unknown> = {}): Promise<Result> => (await client.callTool({ name, arguments: given })) as unknown as Result;
const failure = (result: Result): Record<string, unknown> => ({ isError: result.isError, ...(JSON.parse(result.content[0]?.text ?? '{}') as object) });

describe.each([
  ['streamable HTTP', overHttp],
  ['stdio', overStdio],
] as const)('over %s', (transport, open) => {
  let client: Client;
  beforeAll(async () => {
    client = await connect(open(nagaya.keys.codingRule2));
    // Asked for once, so that the client checks every result against the schema of its tool.
    await client.listTools();
  });

  test('the tools are there, with hints and schemas', async () => {
    const { tools } = await client.listTools();
    expect(tools.map((tool) => tool.name).sort()).toEqual(expect.arrayContaining(TOOLS));
    for (const tool of tools) {
      expect(tool).toMatchObject({ title: expect.any(String), description: expect.any(String), inputSchema: { type: 'object', additionalProperties: false }, outputSchema: { type: 'object' } });
    }
    const hints = Object.fromEntries(tools.map((tool) => [tool.name, tool.annotations]));
    expect(hints).toMatchObject({ memory_get: { readOnlyHint: true }, mistake_check: { readOnlyHint: true }, mistake_outcome: { readOnlyHint: false }, memory_forget: { destructiveHint: true, readOnlyHint: false }, memory_add: { destructiveHint: false }, stats: { readOnlyHint: true } });
    expect(client.getInstructions()).toContain('session_start');
  });

  test('a session is started, handed off and inherited; a memory is added, read and forgotten', async () => {
    const [first, second] = [`${transport} 1`, `${transport} 2`];
    expect((await call(client, 'session_start', { sessionId: first })).structuredContent).toMatchObject({ fromSessionId: null, memories: [] });
    const added = await call(client, 'memory_add', { sessionId: first, memoryType: 'decision', memoryContent: { text: '移行は手で書く。' } });
    const { id } = added.structuredContent as { id: string };
    await call(client, 'session_handoff', { sessionId: first, summary: 'Half of it is done.', openQuestions: ['Which half?'] });
    const started = await call(client, 'session_start', { sessionId: second, fromSessionId: first, budgetTokens: 1_000, task: '移行' });
    expect(started.structuredContent).toMatchObject({ fromSessionId: first, leftOutCount: 0 });
    expect(started.structuredContent?.['memories']).toContainEqual(expect.objectContaining({ id }));
    const found = (await call(client, 'memory_search', { query: '移行を手で', sessionId: first })).structuredContent;
    expect(found).toEqual({ items: [{ id, sessionId: first, memoryType: 'decision', retentionPriority: 5, snippet: '移行は手で書く。', tokens: 9, score: expect.any(Number) }], degraded: null });
    // The same services as REST: what one writes, the other reads.
    expect((await nagaya.request('GET', `${PATH}/memories/${id}`)).body).toEqual((await call(client, 'memory_get', { id })).structuredContent);
    expect((await call(client, 'memory_forget', { id })).structuredContent).toMatchObject({ nothingLeft: true });
    expect(failure(await call(client, 'memory_get', { id }))).toMatchObject({ isError: true, code: 'not_found' });
  });

  test('mistakes and violations are recorded and counted', async () => {
    const before = (await call(client, 'stats')).structuredContent as { mistakeOccurrences: number; violations: number };
    await call(client, 'mistake_record', { patternType: 'claimed-tests-passed', detail: 'Said so', preventionActions: ['Quote the last line'] });
    await call(client, 'violation_record', { violationType: 'honesty', violationDescription: 'd', originalResponse: 'o', severityLevel: 'low', patternType: 'claimed-tests-passed' });
    const after = (await call(client, 'stats', { topMistakes: 1 })).structuredContent;
    expect(after).toMatchObject({ mistakeOccurrences: before.mistakeOccurrences + 1, violations: before.violations + 1, topMistakes: [{ patternType: 'claimed-tests-passed' }] });
  });

  test('an action is checked, and what came of it reported', async () => {
    await nagaya.request('PUT', `${PATH}/mistake-patterns/forced`, { body: { patternDescription: 'Overwrites what others pushed', patternData: { severity: 'critical', phrases: ['push --force'] }, preventionActions: ['Use --force-with-lease'] } });
    const checked = (await call(client, 'mistake_check', { action: 'git push --force origin main', sessionId: transport })).structuredContent;
    expect(checked).toMatchObject({ verdict: 'block', matches: [{ patternType: 'forced', preventionActions: ['Use --force-with-lease'] }] });
    expect((await call(client, 'mistake_check', { action: 'ls' })).structuredContent).toMatchObject({ verdict: 'allow', matches: [] });
    expect((await call(client, 'mistake_outcome', { checkId: checked?.['id'], heeded: true })).structuredContent).toMatchObject({ id: checked?.['id'], heeded: true, mistakeHappened: false });
  });

  test('what is wrong is told as the result of the tool, with its code and its places', async () => {
    const refused = await call(client, 'memory_add', { sessionId: '', memoryType: 't', memoryContent: {}, retentionPriority: 11, more: 1 });
    expect(failure(refused)).toMatchObject({ isError: true, code: 'validation_failed' });
    expect((failure(refused)['errors'] as { pointer: string }[]).map((error) => error.pointer)).toEqual(['/sessionId', '/retentionPriority', '/more']);
    await expect(client.callTool({ name: 'drop_tables', arguments: {} })).rejects.toThrow('There is no tool drop_tables');
  });

  test('resources and prompts are read', async () => {
    const from = `${transport} parent`;
    await call(client, 'memory_add', { sessionId: from, memoryType: 'lesson', memoryContent: { text: 'Remember this.' } });
    await call(client, 'session_start', { sessionId: `${transport} child`, fromSessionId: from });
    expect((await client.listResources()).resources.map((resource) => resource.uri).sort()).toEqual(['nagaya://memories/recent', 'nagaya://mistakes/top']);
    expect((await client.listResourceTemplates()).resourceTemplates.map((template) => template.uriTemplate)).toEqual(['nagaya://sessions/{sessionId}/inheritance']);
    const read = async (uri: string): Promise<unknown> => JSON.parse((((await client.readResource({ uri })).contents[0] ?? {}) as { text: string }).text);
    expect(await read('nagaya://memories/recent')).toMatchObject({ items: expect.arrayContaining([expect.objectContaining({ sessionId: from })]) });
    expect(await read('nagaya://mistakes/top')).toHaveProperty('items');
    expect(await read(`nagaya://sessions/${encodeURIComponent(`${transport} child`)}/inheritance`)).toMatchObject({ fromSessionId: from, items: [{ included: true }] });
    await expect(client.readResource({ uri: 'nagaya://nothing' })).rejects.toThrow('There is no resource');
    expect((await client.listPrompts()).prompts.map((prompt) => prompt.name)).toEqual(['check_before_act', 'continue_session']);
    const prompt = await client.getPrompt({ name: 'continue_session', arguments: { sessionId: `${transport} child`, task: 'finish' } });
    expect(JSON.stringify(prompt.messages)).toContain('Remember this.');
    expect(JSON.stringify((await client.getPrompt({ name: 'check_before_act', arguments: { action: 'git push --force' } })).messages)).toContain('git push --force');
    await expect(client.getPrompt({ name: 'check_before_act', arguments: {} })).rejects.toThrow('needs action');
  });
});

describe('the same keys as for REST', () => {
  const status = async (key: string | null): Promise<number> =>
    (await nagaya.request('POST', `${PATH}/mcp`, { key, body: { jsonrpc: '2.0', id: 1, method: 'tools/list' }, headers: { accept: 'application/json, text/event-stream' } })).status;

  test('open it, and others do not', async () => {
    expect([await status(nagaya.keys.codingRule2), await status(nagaya.keys.operator)]).toEqual([200, 200]);
    expect([await status(null), await status(nagaya.keys.teaHouse)]).toEqual([401, 404]);
    expect((await nagaya.request('GET', `${PATH}/mcp`)).status).toBe(405);
  });

  test('that may only read can call what reads', async () => {
    const client = await connect(overHttp(nagaya.keys.readOnly));
    expect((await call(client, 'stats')).structuredContent).toHaveProperty('memories');
    expect(failure(await call(client, 'memory_add', { sessionId: 's', memoryType: 't', memoryContent: {} }))).toMatchObject({ isError: true, code: 'forbidden' });
  });

  test('are written down where they forget, and an operator where it writes', async () => {
    const client = await connect(overHttp(nagaya.keys.operator));
    await call(client, 'memory_add', { sessionId: 's', memoryType: 't', memoryContent: {} });
    const lines = await nagaya.service.databases.control.query<{ action: string }>(`SELECT DISTINCT action FROM core.audit_log WHERE action LIKE 'MCP %' ORDER BY 1`);
    expect(lines.map((line) => line.action)).toEqual(['MCP memory_add', 'MCP memory_forget']);
  });

  test('are refused while the product is suspended', async () => {
    await nagaya.request('POST', `${PATH}/suspend`, { key: nagaya.keys.operator });
    for (let tries = 0; (await status(nagaya.keys.codingRule2)) !== 403 && tries < 100; tries++) await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await status(nagaya.keys.codingRule2)).toBe(403);
    await nagaya.request('POST', `${PATH}/resume`, { key: nagaya.keys.operator });
  });
});
