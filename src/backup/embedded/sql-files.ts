import { createReadStream } from 'node:fs';

/** The files of one schema's archive on the embedded engine: SQL, to be run in this order in one transaction. */
export const SCHEMA_FILE = '0-schema.sql';
export const TABLES_FILE = '1-tables.sql';
/** One statement a line. */
export const ROWS_FILE = '2-rows.sql';
export const INDEXES_FILE = '3-indexes.sql';

const NEWLINE = 0x0a;

/** The lines of a file, whatever their length; only a line feed ends one. */
export async function* linesOf(path: string): AsyncGenerator<string> {
  let held: Buffer[] = [];
  for await (const chunk of createReadStream(path, { highWaterMark: 256 * 1024 }) as AsyncIterable<Buffer>) {
    let from = 0;
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      yield Buffer.concat([...held, chunk.subarray(from, at)]).toString('utf8');
      held = [];
      from = at + 1;
    }
    if (from < chunk.length) held.push(chunk.subarray(from));
  }
  const rest = Buffer.concat(held).toString('utf8');
  if (rest !== '') yield rest;
}
