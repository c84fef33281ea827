import { Inject, Injectable } from '@nestjs/common';
import { HOUSE } from '../database/database.module.js';
import { Databases } from '../database/databases.js';
import type { House } from '../database/migrator.js';
import { quoteIdent } from '../database/quote-ident.js';
import type { RoleDatabase } from '../database/role-database.js';
import { AppError, invalid, notFound } from '../errors/app-error.js';
import { asAppError } from '../errors/problem.js';
import type { ImportReport, OnExisting } from './transfer.dto.js';
import { FORMAT, readLine, type Header } from './transfer-lines.js';
import { qualified, transferTables, type TransferTable } from './transfer-table.js';

/** What is written, and committed, at once. */
const BATCH_ROWS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;

export interface ImportOptions {
  readonly onExisting: OnExisting;
  /** Lines before this one were imported by an earlier attempt; the header is read all the same. */
  readonly fromLine: number;
}

interface Batch {
  readonly table: TransferTable;
  readonly columns: readonly string[];
  readonly lines: { readonly number: number; readonly text: string }[];
  bytes: number;
}

/** Reads what ExportService wrote. Each batch is committed; the same file once more changes nothing. */
@Injectable()
export class ImportService {
  constructor(
    private readonly databases: Databases,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  /**
   * @throws AppError `validation_failed` or `conflict` with the number of the line (`/lines/<n>`); every line before it is
   * imported, and an import from that line on continues
   */
  async read(productId: string, lines: AsyncIterable<string>, { onExisting, fromLine }: ImportOptions): Promise<ImportReport> {
    const manifest = this.house.products.find((product) => product.id === productId);
    if (manifest === undefined) throw notFound();
    const database = this.databases.product(productId);
    const entities = (await database.manager()).connection.entityMetadatas.filter((entity) => entity.schema === productId).map((entity) => entity.tableName);
    const tables = await transferTables(database, manifest, entities);
    const counts = new Map(tables.map((table) => [table.name, { table: table.name, inserted: 0, existing: 0 }]));
    let header: Header | undefined;
    let batch: Batch | undefined;
    let ended: Readonly<Record<string, number>> | undefined;
    let number = 0;
    const flush = async (): Promise<void> => {
      if (batch === undefined) return;
      const written = await writeBatch(database, productId, batch, onExisting);
      const count = counts.get(batch.table.name);
      if (count !== undefined) {
        count.inserted += written;
        count.existing += batch.lines.length - written;
      }
      batch = undefined;
    };
    for await (const text of lines) {
      number++;
      const line = readLine(text);
      if (line === undefined || ended !== undefined) throw invalid(`/lines/${number}`, ended === undefined ? 'is no line of an export' : 'stands after the last line of the export');
      if ((line.kind === 'header') !== (number === 1)) throw invalid(`/lines/${number}`, number === 1 ? 'must be the header of an export' : 'must not be a second header');
      if (line.kind === 'header') header = checkHeader(line.header, productId, tables);
      else if (line.kind === 'end') ended = line.rows;
      else if (line.kind === 'row' && number >= fromLine) {
        const table = tables.find((candidate) => candidate.name === line.table);
        const columns = header?.tables.find((candidate) => candidate.name === line.table)?.columns;
        if (table === undefined || columns === undefined) throw invalid(`/lines/${number}/table`, 'is not in the header');
        if (batch !== undefined && (batch.table !== table || batch.lines.length >= BATCH_ROWS || batch.bytes >= BATCH_BYTES)) await flush();
        batch ??= { table, columns, lines: [], bytes: 0 };
        batch.lines.push({ number, text });
        batch.bytes += text.length;
      }
    }
    await flush();
    if (header === undefined) throw invalid('/lines/1', 'must be the header of an export');
    const byTable = [...counts.values()];
    await catchUpSequences(database, productId, tables);
    return {
      lines: number,
      inserted: byTable.reduce((sum, { inserted }) => sum + inserted, 0),
      existing: byTable.reduce((sum, { existing }) => sum + existing, 0),
      isWhole: ended !== undefined,
      byTable,
    };
  }
}

/** What this release can't hold is refused before the first row: a column left out silently would be lost. */
function checkHeader(header: Header, productId: string, tables: readonly TransferTable[]): Header {
  if (header.format !== FORMAT) throw invalid('/lines/1/format', `must be ${FORMAT}: this file was written by another release`);
  if (header.product !== productId) throw new AppError('conflict', `This is an export of ${header.product}, not of ${productId}.`, { fields: [{ pointer: '/lines/1/product', detail: `must be ${productId}` }] });
  for (const { name, columns } of header.tables) {
    const table = tables.find((candidate) => candidate.name === name);
    const unknown = table === undefined ? [name] : columns.filter((column) => !table.columns.includes(column)).map((column) => `${name}.${column}`);
    if (unknown.length === 0) continue;
    throw new AppError('conflict', `The export has ${unknown.join(', ')}, which this release does not have. Import it into the release that wrote it, or migrate this one.`, {
      fields: [{ pointer: '/lines/1/tables', detail: `names ${unknown.join(', ')}, which is not here` }],
    });
  }
  return header;
}

/** @returns how many rows were written; the others were there */
async function writeBatch(database: RoleDatabase, schema: string, batch: Batch, onExisting: OnExisting): Promise<number> {
  const sql = insertSql(schema, batch, onExisting);
  try {
    return (await database.query(sql, [batch.lines.map((line) => line.text)])).length;
  } catch (error) {
    if (batch.lines.length === 1) throw atLine(error, batch.lines[0]?.number ?? 0);
  }
  // One of them is wrong: line by line it is found, and those before it are in.
  let written = 0;
  for (const line of batch.lines) {
    try {
      written += (await database.query(sql, [[line.text]])).length;
    } catch (error) {
      throw atLine(error, line.number);
    }
  }
  return written;
}

/** A row without a value that its table needs. By itself that is a fault of ours; here the row came from outside. */
const NOT_NULL_VIOLATION = '23502';

function atLine(thrown: unknown, number: number): AppError {
  const isIncomplete = thrown instanceof Error && 'code' in thrown && thrown.code === NOT_NULL_VIOLATION;
  const error = isIncomplete ? new AppError('validation_failed', 'It lacks a value that its table needs.') : asAppError(thrown, 0);
  if (error.code !== 'validation_failed' && error.code !== 'conflict') return error;
  return new AppError(error.code, `Line ${number} was refused; every line before it is imported. ${error.message}`, {
    fields: [{ pointer: `/lines/${number}`, detail: error.code === 'conflict' ? 'refers to something that is not there' : 'has a value that its column does not take' }],
    cause: thrown,
  });
}

/** PostgreSQL takes the rows from the lines itself, so no number or time passes through JavaScript. */
function insertSql(schema: string, { table, columns }: Batch, onExisting: OnExisting): string {
  const names = columns.map((column) => quoteIdent(column));
  const key = table.key.map(({ name }) => quoteIdent(name)).join(', ');
  const changeable = columns.filter((column) => !table.key.some(({ name }) => name === column)).map((column) => quoteIdent(column));
  const replaces = onExisting === 'replace' && changeable.length > 0;
  const conflict = replaces ? `(${key}) DO UPDATE SET ${changeable.map((name) => `${name} = excluded.${name}`).join(', ')}` : 'DO NOTHING';
  return `
    INSERT INTO ${qualified(schema, table)} (${names.join(', ')}) OVERRIDING SYSTEM VALUE
    SELECT ${names.map((name) => `r.${name}`).join(', ')}
      FROM unnest($1::text[]) WITH ORDINALITY AS l (line, position),
           json_populate_record(NULL::${qualified(schema, table)}, l.line::json -> 'row') AS r
     ORDER BY l.position
    ON CONFLICT ${conflict}
    RETURNING 1`;
}

/** Keys that count on: the next one of ours must be none that was imported. Only nextval is granted, so it is asked until it is past. */
async function catchUpSequences(database: RoleDatabase, schema: string, tables: readonly TransferTable[]): Promise<void> {
  for (const table of tables) {
    for (const { name } of table.key) {
      const [sequence] = await database.query<{ name: string | null }>('SELECT pg_get_serial_sequence($1, $2) AS name', [qualified(schema, table), name]);
      if (sequence?.name === null || sequence === undefined) continue;
      await database.query(
        `SELECT count(nextval($1::regclass)) FROM generate_series(
           (SELECT nextval($1::regclass)), (SELECT coalesce(max(${quoteIdent(name)}), 0) FROM ${qualified(schema, table)}))`,
        [sequence.name],
      );
    }
  }
}
