import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { paste } from '../support/pasted-curl.js';
import { nagaya, serve } from '../support/process.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'nagaya-first-start-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

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
  for (const line of lines) {
    const answer = await paste(line);
    if (!answer.ok) throw new Error(`${line} answered ${answer.status}`);
    answers.push(await answer.text());
  }
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
