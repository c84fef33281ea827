import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { nagaya, serve } from '../support/process.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-first-start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Has a shell take the line apart as it would for curl, and sends what curl would: a bare machine need not have curl. */
async function paste(line: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', `curl() { printf '%s\\n' "$@"; }; ${line.trim()}`]);
  const words = stdout.trimEnd().split('\n');
  const after = (flag: string): string[] => words.flatMap((word, at) => (words[at - 1] === flag ? [word] : []));
  const url = words.find((word) => word.startsWith('http')) ?? '';
  const headers = after('-H').map((header) => header.split(': ', 2) as [string, string]);
  const [method = 'GET'] = after('-X');
  const [body] = after('-d');
  const response = await fetch(url, { method, headers, ...(body !== undefined && { body }) });
  if (!response.ok) throw new Error(`${line} answered ${response.status}`);
  return response.text();
}

test('the first start makes everything and shows two keys; what it prints works when pasted; the second start finds the data again', async () => {
  const env = { NAGAYA_DATA_DIR: join(folder, 'data') };
  const first = await serve(env);
  // The curl lines come after the keys, a moment after it serves.
  while (!/mistake-patterns -H .*\n/.test(first.output())) await new Promise((resolve) => setTimeout(resolve, 50));
  const printed = first.output();
  expect(printed.match(/ngy_op_[0-9A-Za-z]{49}/g)).toHaveLength(1);
  const key = /coding_rule2\s+(ngy_pk_[0-9A-Za-z]{49})/.exec(printed)?.[1] ?? '';
  expect((await stat(env.NAGAYA_DATA_DIR)).mode & 0o777).toBe(0o700);

  const lines = printed.split('\n').filter((line) => line.startsWith('  curl '));
  expect(lines).toHaveLength(3);
  const answers: string[] = [];
  for (const line of lines) answers.push(await paste(line));
  expect(answers.map((answer) => JSON.parse(answer) as unknown)).toEqual([
    expect.objectContaining({ status: 'ok' }),
    expect.objectContaining({ occurrences: 1 }),
    expect.objectContaining({ items: [expect.objectContaining({ patternType: 'edited-without-reading', occurrences: 1 })] }),
  ]);
  expect(await first.end('SIGTERM')).toBe(0);

  const second = await serve(env);
  try {
    const list = await fetch(`${second.url}/v1/products/coding_rule2/mistake-patterns`, { headers: { authorization: `Bearer ${key}` } });
    expect(await list.json()).toMatchObject({ items: [{ occurrences: 1 }] });
    const inUse = await nagaya(['start'], { ...env, PORT: '0' });
    expect([inUse.status, inUse.stderr]).toEqual([1, expect.stringContaining(String(second.child.pid))]);
    expect(second.output()).not.toMatch(/ngy_(op|pk)_/);
  } finally {
    expect(await second.end('SIGTERM')).toBe(0);
  }
});
