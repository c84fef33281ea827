import type { Readable } from 'node:stream';
import { AppError, invalid } from '../errors/app-error.js';
import type { TransferTable } from './transfer-table.js';

export const FORMAT = 1;
/** Rows of a table between two lines that say where an export can go on. */
export const ROWS_A_CHECKPOINT = 1_000;
/** Longest line that an import takes, bytes: a conversation's two texts of a million characters each, and room. */
const MAX_LINE_BYTES = 64 * 1024 * 1024;
const NEWLINE = 0x0a;

/** The first line. What stands in it decides whether an import can take the file at all. */
export interface Header {
  readonly nagaya: 'export';
  readonly format: number;
  readonly product: string;
  readonly tables: readonly { readonly name: string; readonly columns: readonly string[]; readonly key: readonly string[] }[];
}

/** Where an export can be taken up: everything up to this row of this table is in the file. */
export interface Place {
  readonly table: string;
  readonly key: readonly string[];
  /** Rows written so far, by table. */
  readonly rows: Readonly<Record<string, number>>;
}

export function headerLine(product: string, tables: readonly TransferTable[]): string {
  const header: Header = { nagaya: 'export', format: FORMAT, product, tables: tables.map(({ name, columns, key }) => ({ name, columns, key: key.map((column) => column.name) })) };
  return JSON.stringify(header);
}

/** The row is JSON as PostgreSQL wrote it: numbers keep all their digits. */
export function rowLine(table: string, row: string): string {
  return `{"table":${JSON.stringify(table)},"row":${row}}`;
}

export function checkpointLine(place: Place): string {
  return JSON.stringify({ cursor: encodePlace(place) });
}

/** The last line: without it, the file is not whole. */
export function endLine(rows: Readonly<Record<string, number>>): string {
  return JSON.stringify({ end: true, rows });
}

export function encodePlace(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

/** @throws AppError `validation_failed` for what is no cursor of an export */
export function decodePlace(cursor: string): Place {
  try {
    const place = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as Place;
    const isWhole = typeof place.table === 'string' && Array.isArray(place.key) && place.key.every((part) => typeof part === 'string');
    const areCounts = typeof place.rows === 'object' && Object.values(place.rows).every((count) => Number.isSafeInteger(count));
    if (isWhole && areCounts && encodePlace(place) === cursor) return place;
  } catch {
    // Answered below, like everything else that is no cursor.
  }
  throw invalid('/query/cursor', 'must be the cursor of a line of the export that it continues');
}

/** A line of a file that is being imported. */
export type Line =
  | { readonly kind: 'header'; readonly header: Header }
  | { readonly kind: 'row'; readonly table: string }
  | { readonly kind: 'checkpoint' }
  | { readonly kind: 'end'; readonly rows: Readonly<Record<string, number>> };

/** What a line is; undefined for what is no line of an export. Values are not read here: PostgreSQL reads them. */
export function readLine(text: string): Line | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const line = value as Record<string, unknown>;
  if (typeof line['table'] === 'string' && typeof line['row'] === 'object' && line['row'] !== null) return { kind: 'row', table: line['table'] };
  if (typeof line['cursor'] === 'string') return { kind: 'checkpoint' };
  if (line['end'] === true && typeof line['rows'] === 'object' && line['rows'] !== null) return { kind: 'end', rows: line['rows'] as Record<string, number> };
  return isHeader(line) ? { kind: 'header', header: line } : undefined;
}

function isHeader(line: object): line is Header {
  const header = line as Partial<Header>;
  if (header.nagaya !== 'export' || typeof header.product !== 'string' || !Array.isArray(header.tables)) return false;
  return (header.tables as readonly unknown[]).every((table) => {
    const { name, columns } = (table ?? {}) as Partial<Header['tables'][number]>;
    return typeof name === 'string' && Array.isArray(columns) && columns.every((column) => typeof column === 'string');
  });
}

/**
 * The lines of a stream, however it is cut into chunks, with one line in memory at a time.
 * @throws AppError `payload_too_large` for a line of more than 64 MiB, `validation_failed` for one that is not UTF-8
 */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const utf8 = new TextDecoder('utf-8', { fatal: true });
  let pieces: Buffer[] = [];
  let size = 0;
  let number = 1;
  const take = (piece: Buffer): void => {
    size += piece.length;
    if (size > MAX_LINE_BYTES) throw new AppError('payload_too_large', `Line ${number} is longer than ${MAX_LINE_BYTES.toLocaleString('en')} bytes.`);
    pieces.push(piece);
  };
  const whole = (): string => {
    const bytes = Buffer.concat(pieces);
    pieces = [];
    size = 0;
    try {
      return utf8.decode(bytes);
    } catch {
      throw invalid(`/lines/${number}`, 'must be UTF-8');
    } finally {
      number++;
    }
  };
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      take(chunk.subarray(start, end));
      yield whole();
      start = end + 1;
    }
    take(chunk.subarray(start));
  }
  if (size > 0) yield whole();
}
