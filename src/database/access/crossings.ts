import { quoteIdent } from '../quote-ident.js';
import { asOwner, type AccessRule } from './finding.js';

interface CrossingRow {
  schema: string;
  table: string;
  otherSchema: string;
  otherTable: string;
  name: string;
  isPartition: boolean;
}

const HEIRS_SQL = `
  SELECT n.nspname AS schema, c.relname AS table, m.nspname AS "otherSchema", p.relname AS "otherTable", '' AS name, c.relispartition AS "isPartition"
    FROM pg_inherits i
    JOIN pg_class c ON c.oid = i.inhrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class p ON p.oid = i.inhparent JOIN pg_namespace m ON m.oid = p.relnamespace
   WHERE n.oid <> m.oid AND c.relkind IN ('r', 'p', 'f') AND (n.nspname = ANY($1) OR m.nspname = ANY($1))
   ORDER BY 1, 2`;

const REFERENCES_SQL = `
  SELECT n.nspname AS schema, c.relname AS table, m.nspname AS "otherSchema", p.relname AS "otherTable", k.conname AS name, false AS "isPartition"
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace m ON m.oid = p.relnamespace
   WHERE k.contype = 'f' AND k.conparentid = 0 AND n.oid <> m.oid AND (n.nspname = ANY($1) OR m.nspname = ANY($1))
   ORDER BY 1, 2`;

const COPIES_SQL = `
  SELECT DISTINCT n.nspname AS schema, c.relname AS table, m.nspname AS "otherSchema", p.relname AS "otherTable", '' AS name, false AS "isPartition"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_rewrite r ON r.ev_class = c.oid
    JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_class p ON p.oid = d.refobjid JOIN pg_namespace m ON m.oid = p.relnamespace
   WHERE c.relkind = 'm' AND n.nspname = ANY($1) AND m.oid <> n.oid AND m.nspname NOT IN ('pg_catalog', 'information_schema')
   ORDER BY 1, 2`;

/**
 * No table is tied to one of another schema. Through a parent its heirs are read with the parent's grants; a foreign key tells
 * whether a row is there, and may delete it; a materialized view keeps a copy of what its owner could read.
 */
export const crossings: AccessRule = async (db, plan) => {
  const schemas = [...plan.shared, ...plan.products].map((manifest) => manifest.id);
  const [heirs, references, copies] = [await db.query<CrossingRow>(HEIRS_SQL, [schemas]), await db.query<CrossingRow>(REFERENCES_SQL, [schemas]), await db.query<CrossingRow>(COPIES_SQL, [schemas])];
  return [
    ...heirs.map((row) => finding('heir-elsewhere', row, 'hands its rows to', row.isPartition ? `ALTER TABLE ${other(row)} DETACH PARTITION ${own(row)}` : `ALTER TABLE ${own(row)} NO INHERIT ${other(row)}`)),
    ...references.map((row) => finding('foreign-key-elsewhere', row, 'refers by a foreign key to', `ALTER TABLE ${own(row)} DROP CONSTRAINT ${quoteIdent(row.name)}`)),
    ...copies.map((row) => finding('copy-elsewhere', row, 'keeps a copy of rows of', `DROP MATERIALIZED VIEW ${own(row)}`)),
  ];
};

function finding(rule: string, row: CrossingRow, does: string, mend: string) {
  return { rule, severity: 'error' as const, detail: `"${row.schema}"."${row.table}" ${does} "${row.otherSchema}"."${row.otherTable}", which is another schema's.`, fix: asOwner(mend) };
}

function own({ schema, table }: CrossingRow): string {
  return `${quoteIdent(schema)}.${quoteIdent(table)}`;
}

function other({ otherSchema, otherTable }: CrossingRow): string {
  return `${quoteIdent(otherSchema)}.${quoteIdent(otherTable)}`;
}
