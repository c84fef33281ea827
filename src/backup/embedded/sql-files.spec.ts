import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { literalOf } from './insert-statements.js';
import { linesOf } from './sql-files.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'nagaya-sql-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function linesIn(content: string): Promise<string[]> {
  const path = join(folder, 'rows.sql');
  writeFileSync(path, content);
  const lines: string[] = [];
  for await (const line of linesOf(path)) lines.push(line);
  return lines;
}

test('a line ends at a line feed and nowhere else, be it longer than what is read at a time', async () => {
  const long = '茶'.repeat(300_000);
  expect(await linesIn(`one\r\u2028\u0085\n${long}\n\nlast`)).toEqual(['one\r\u2028\u0085', long, '', 'last']);
  expect(await linesIn('')).toEqual([]);
});

test('a value stands on one line, whatever is in it', () => {
  expect([null, '', "it's", 'a\\b', "a\n\r\\n'"].map(literalOf)).toEqual(['NULL', "''", "'it''s'", "E'a\\\\b'", "E'a\\n\\r\\\\n'''"]);
});
