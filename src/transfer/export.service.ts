import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Cluster } from '../database/cluster.js';
import { CLUSTER, HOUSE } from '../database/database.module.js';
import { Databases } from '../database/databases.js';
import type { ProductManifest } from '../database/manifest.js';
import type { House } from '../database/migrator.js';
import { quoteIdent } from '../database/quote-ident.js';
import type { RoleDatabase } from '../database/role-database.js';
import { invalid, notFound } from '../errors/app-error.js';
import { checkpointLine, decodePlace, endLine, headerLine, ROWS_A_CHECKPOINT, rowLine, type Place } from './transfer-lines.js';
import { qualified, transferTables, type TransferTable } from './transfer-table.js';

/** What one page of rows may weigh as text, and how many it may have: the memory that an export takes. */
const PAGE_BYTES = 8 * 1024 * 1024;
const PAGE_ROWS = 1_000;

/** Takes a line without its newline, and resolves when there is room for the next. */
export type LineSink = (line: string) => Promise<void>;

/** A row's key and JSON, and how heavy the page is with it. */
interface ExportedRow {
  key: string[];
  line: string;
}

type Read = <Row extends object>(sql: string, values?: readonly unknown[]) => Promise<Row[]>;

/** Writes all that a product has as lines of JSON. The same data gives the same bytes. */
@Injectable()
export class ExportService {
  constructor(
    private readonly databases: Databases,
    @Inject(HOUSE) private readonly house: House,
    @Inject(CLUSTER) private readonly cluster: Pick<Cluster, 'engine'>,
  ) {}

  /**
   * On a server from one snapshot: what is written meanwhile is not in it, whole or in part. The embedded engine has one session
   * for all; there each page is read by itself, so that a slow reader stops nobody.
   * @param cursor of a line of an export that broke off: this one continues after it, without the header
   */
  async write(productId: string, sink: LineSink, cursor?: string): Promise<void> {
    const manifest = this.manifestOf(productId);
    const after = cursor === undefined ? undefined : decodePlace(cursor);
    await this.reading(this.databases.product(productId), async (read, entities) => {
      const tables = await transferTables({ query: read }, manifest, entities);
      if (after === undefined) await sink(headerLine(productId, tables));
      const from = after === undefined ? 0 : tables.findIndex((table) => table.name === after.table);
      if (from === -1) throw invalid('/query/cursor', 'names a table that this product does not have');
      const rows = Object.fromEntries(tables.map((table) => [table.name, after?.rows[table.name] ?? 0]));
      for (const [index, table] of tables.slice(from).entries()) {
        await writeTable(read, productId, table, rows, index === 0 ? after?.key : undefined, sink);
      }
      await sink(endLine(rows));
    });
  }

  private manifestOf(productId: string): ProductManifest {
    const manifest = this.house.products.find((product) => product.id === productId);
    if (manifest === undefined || !this.databases.serves(productId)) throw notFound();
    return manifest;
  }

  private async reading(database: RoleDatabase, work: (read: Read, entities: string[]) => Promise<void>): Promise<void> {
    const entities = (await database.manager()).connection.entityMetadatas.filter((entity) => entity.schema === database.subject).map((entity) => entity.tableName);
    if (this.cluster.engine === 'embedded') {
      return work((sql, values = []) => database.transaction((tx) => inFixedForms(tx).then(() => tx.query(sql, [...values]))), entities);
    }
    return database.transaction(async (tx) => {
      await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      await inFixedForms(tx);
      await work((sql, values = []) => tx.query(sql, [...values]), entities);
    });
  }
}

/** Times, intervals and bytes look the same whatever a role's settings are. */
async function inFixedForms(tx: EntityManager): Promise<void> {
  await tx.query(`SET LOCAL TimeZone = 'UTC'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1`);
}

async function writeTable(read: Read, schema: string, table: TransferTable, rows: Record<string, number>, after: readonly string[] | undefined, sink: LineSink): Promise<void> {
  let place = after;
  let limit = PAGE_ROWS;
  for (;;) {
    const page = await read<ExportedRow>(pageSql(schema, table, place !== undefined), [Math.min(limit, PAGE_ROWS), PAGE_BYTES, ...(place ?? [])]);
    let bytes = 0;
    for (const { key, line } of page) {
      await sink(rowLine(table.name, line));
      bytes += line.length;
      place = key;
      const count = (rows[table.name] ?? 0) + 1;
      rows[table.name] = count;
      if (count % ROWS_A_CHECKPOINT === 0) await sink(checkpointLine({ table: table.name, key, rows: { ...rows } } satisfies Place));
    }
    if (page.length === 0) return;
    // PostgreSQL need not print more rows than will be taken.
    limit = Math.max(1, Math.floor((PAGE_BYTES / Math.max(1, bytes)) * page.length));
  }
}

/** $1 rows at most, $2 bytes at most but one row at least, after the key of $3 and on. */
function pageSql(schema: string, table: TransferTable, continues: boolean): string {
  const names = table.columns.map((column) => quoteIdent(column)).join(', ');
  const keys = table.key.map(({ name }) => quoteIdent(name));
  const order = table.key.map(({ name, isText }) => quoteIdent(name) + (isText ? ' COLLATE "C"' : '')).join(', ');
  const place = table.key.map(({ type, isText }, index) => `$${index + 3}::text::${type}${isText ? ' COLLATE "C"' : ''}`).join(', ');
  return `
    WITH page AS (
      SELECT ${names} FROM ${qualified(schema, table)}${continues ? ` WHERE (${order}) > (${place})` : ''} ORDER BY ${order} LIMIT $1
    ), printed AS (
      SELECT ARRAY[${keys.map((key) => `${key}::text`).join(', ')}] AS key, translate(row_to_json(page)::text, E'\\n\\r', '  ') AS line,
             row_number() OVER (ORDER BY ${order}) AS position
        FROM page
    ), weighed AS (
      SELECT *, sum(octet_length(line)::bigint) OVER (ORDER BY position) AS bytes FROM printed
    )
    SELECT key, line FROM weighed WHERE position = 1 OR bytes <= $2 ORDER BY position`;
}
