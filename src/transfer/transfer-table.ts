import type { Queryable } from '../database/admin-connection.js';
import type { ProductManifest } from '../database/manifest.js';
import { quoteIdent } from '../database/quote-ident.js';
import { AppError } from '../errors/app-error.js';

/** A table as it is exported: what PostgreSQL can make anew (generated columns, numbers that are no key) is left out. */
export interface TransferTable {
  readonly name: string;
  readonly columns: readonly string[];
  readonly key: readonly KeyColumn[];
}

export interface KeyColumn {
  readonly name: string;
  /** As SQL writes it, e.g. `uuid`, `character varying(100)`. */
  readonly type: string;
  /** Ordered by bytes: rows come in the same order whatever language the database sorts in. */
  readonly isText: boolean;
}

interface ColumnRow {
  table: string;
  column: string;
  type: string;
  isText: boolean;
  keyPosition: number | null;
}

interface ReferenceRow {
  child: string;
  parent: string;
}

/**
 * The tables of a product in an order in which each comes after those that it refers to. From the catalogue, so that a new
 * product and a new column are exported without a word; what its manifest calls derived is not.
 */
export async function transferTables(database: Queryable, manifest: ProductManifest, entityTables: readonly string[]): Promise<TransferTable[]> {
  const names = entityTables.filter((name) => !(manifest.derived ?? []).includes(name));
  const columns = await database.query<ColumnRow>(
    `SELECT c.relname AS table, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type, a.attcollation <> 0 AS "isText",
            array_position(p.conkey, a.attnum)::int AS "keyPosition"
       FROM pg_class c
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_constraint p ON p.conrelid = c.oid AND p.contype = 'p'
      WHERE c.relnamespace = quote_ident($1)::regnamespace AND c.relname = ANY ($2::text[])
        AND a.attgenerated = '' AND (a.attidentity = '' OR a.attnum = ANY (p.conkey))
      ORDER BY c.relname, a.attnum`,
    [manifest.id, names],
  );
  const references = await database.query<ReferenceRow>(
    `SELECT c.relname AS child, p.relname AS parent
       FROM pg_constraint f JOIN pg_class c ON c.oid = f.conrelid JOIN pg_class p ON p.oid = f.confrelid
      WHERE f.contype = 'f' AND c.relnamespace = quote_ident($1)::regnamespace AND f.conrelid <> f.confrelid`,
    [manifest.id],
  );
  return inOrder(names.map((name) => tableOf(name, columns)), references);
}

function tableOf(name: string, rows: readonly ColumnRow[]): TransferTable {
  const own = rows.filter((row) => row.table === name);
  const key = own.filter((row) => row.keyPosition !== null).sort((a, b) => (a.keyPosition ?? 0) - (b.keyPosition ?? 0));
  if (key.length === 0) throw new AppError('product_not_ready', `The table ${name} is not there, or has no primary key to be exported by.`);
  return { name, columns: own.map((row) => row.column), key: key.map(({ column, type, isText }) => ({ name: column, type, isText })) };
}

/** Parents first, and by name where nothing decides, so that every export has one order. */
function inOrder(tables: readonly TransferTable[], references: readonly ReferenceRow[]): TransferTable[] {
  const left = [...tables].sort((a, b) => (a.name < b.name ? -1 : 1));
  const ordered: TransferTable[] = [];
  while (left.length > 0) {
    const waiting = new Set(left.map((table) => table.name));
    const next = left.findIndex((table) => !references.some(({ child, parent }) => child === table.name && waiting.has(parent)));
    // Tables that refer to each other in a circle have no order that an import could follow.
    if (next === -1) throw new AppError('conflict', `The tables ${[...waiting].join(', ')} refer to each other in a circle and can not be exported.`);
    ordered.push(...left.splice(next, 1));
  }
  return ordered;
}

export function qualified(schema: string, table: TransferTable): string {
  return `${quoteIdent(schema)}.${quoteIdent(table.name)}`;
}
