import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startTestService, type TestService } from '../support/service.js';

const HOOK = fileURLToPath(new URL('../../clients/hooks/check-before-act.mjs', import.meta.url));

let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService();
  const describe = (patternType: string, severity: string, phrase: string) =>
    nagaya.request('PUT', `/v1/products/coding_rule2/mistake-patterns/${patternType}`, {
      body: { patternDescription: `Does ${phrase}`, patternData: { severity, phrases: [phrase] }, preventionActions: ['Ask first.'] },
    });
  await describe('forced', 'critical', 'push --force');
  await describe('skipped', 'medium', '検証を省く');
});
afterAll(() => nagaya.stop());

interface Ended {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** The hook as an assistant runs it. */
async function hook(input: unknown, env: Record<string, string> = {}): Promise<Ended> {
  const child = spawn(process.execPath, [HOOK], { env: { PATH: process.env['PATH'] ?? '', NAGAYA_API_URL: nagaya.service.url, NAGAYA_API_KEY: nagaya.keys.codingRule2, NAGAYA_TIMEOUT_MS: '20000', ...env } });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => (stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (stderr += String(chunk)));
  child.stdin.end(typeof input === 'string' ? input : JSON.stringify(input));
  const [status] = (await once(child, 'close')) as [number | null];
  return { status, stdout, stderr };
}
const bash = (command: string): object => ({ session_id: 's1', hook_event_name: 'PreToolUse', tool_name: 'Bash', tool_input: { command, description: 'd' } });

test('the hook lets what is harmless go on in silence', async () => {
  expect(await hook(bash('ls -la'))).toEqual({ status: 0, stdout: '', stderr: '' });
});

test('it stops what repeats a grave mistake, and tells the assistant why and what to do', async () => {
  const { status, stderr } = await hook(bash('git push --force origin main'));
  expect(status).toBe(2);
  expect(stderr).toContain('forced (happened 0 times): Does push --force\n  - Ask first.');
});

test('it warns of what is less grave, in a form that assistants show, whatever the tool', async () => {
  const { status, stdout } = await hook({ tool_name: 'Write', tool_input: { file_path: 'a.ts', content: 'ここでは検証を省く' } });
  expect(status).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ systemMessage: expect.stringContaining('skipped'), hookSpecificOutput: { hookEventName: 'PreToolUse', additionalContext: expect.stringContaining('Ask first.') } });
});

test.each([
  ['nothing listens', async () => ({ NAGAYA_API_URL: `http://127.0.0.1:${await freePort()}` }), 'ECONNREFUSED'],
  ['there is no key', async () => ({ NAGAYA_API_KEY: '' }), 'NAGAYA_API_KEY is not set'],
  ['the key is not one', async () => ({ NAGAYA_API_KEY: 'ngy_pk_wrong' }), '401 unauthenticated'],
  ['it takes too long', async () => ({ NAGAYA_TIMEOUT_MS: '1' }), 'did not answer in time'],
] as const)('it lets everything go on, and says so, where %s', async (_, env, reason) => {
  const { status, stdout, stderr } = await hook(bash('git push --force'), await env());
  expect([status, stderr]).toEqual([0, expect.stringContaining(`Nagaya was not asked about this action (`)]);
  expect(stderr).toContain(reason);
  expect(JSON.parse(stdout)).toEqual({ systemMessage: stderr.trim() });
});

test('it lets everything go on where the assistant writes what it can not read', async () => {
  expect((await hook('no json')).status).toBe(0);
});

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
