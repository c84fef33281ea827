import type { QueryRunner } from 'typeorm';
import { MIGRATIONS_TABLE } from '../access/relations.js';
import type { Queryable } from '../admin-connection.js';
import { quoteIdent, quoteLiteral } from '../quote-ident.js';

/** Histories read in one statement: each takes locks, and the server's table of them is finite. */
const TABLES_AT_ONCE = 100;

const PRESENT_SQL = `
  SELECT n.nspname AS schema
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY($1) AND c.relname = $2 AND c.relkind = 'r' AND pg_get_userbyid(c.relowner) = $3
   ORDER BY 1`;

/**
 * Names of the migrations applied in each schema, oldest first; a schema without a history of ours is not in the map.
 * @param owner the role that owns what Nagaya made
 * Two statements for a hundred schemas: asked one by one, hundreds of schemas with nothing to do take longest of all.
 */
export async function readHistories(db: Queryable, schemas: readonly string[], owner: string): Promise<Map<string, string[]>> {
  const present = (await db.query<{ schema: string }>(PRESENT_SQL, [schemas, MIGRATIONS_TABLE, owner])).map((row) => row.schema);
  const histories = new Map<string, string[]>(present.map((schema) => [schema, []]));
  for (let start = 0; start < present.length; start += TABLES_AT_ONCE) {
    const parts = present.slice(start, start + TABLES_AT_ONCE).map((schema) => `SELECT ${quoteLiteral(schema)} AS schema, id, timestamp, name::text FROM ${tableOf(schema)}`);
    const rows = await db.query<{ schema: string; name: string }>(`SELECT schema, name FROM (${parts.join(' UNION ALL ')}) h ORDER BY schema, timestamp, id`);
    for (const { schema, name } of rows) histories.get(schema)?.push(name);
  }
  return histories;
}

/** The table that TypeORM's own command line makes and reads, to the name of its key, which TypeORM derives from the table's. */
export async function createHistory(runner: QueryRunner, schema: string): Promise<void> {
  const [found] = (await runner.query('SELECT to_regclass($1) IS NOT NULL AS present', [`${quoteIdent(schema)}.${quoteIdent(MIGRATIONS_TABLE)}`])) as { present: boolean }[];
  if (found?.present) return;
  await runner.query(`
    CREATE TABLE ${tableOf(schema)} (
      id SERIAL NOT NULL, "timestamp" bigint NOT NULL, name character varying NOT NULL,
      CONSTRAINT "PK_8c82d7f526340ab734260ea46be" PRIMARY KEY (id)
    )`);
}

export async function appliedNames(runner: QueryRunner, schema: string): Promise<string[]> {
  const rows = (await runner.query(`SELECT name FROM ${tableOf(schema)} ORDER BY timestamp, id`)) as { name: string }[];
  return rows.map((row) => row.name);
}

export async function recordApplied(runner: QueryRunner, schema: string, timestamp: number, name: string): Promise<void> {
  await runner.query(`INSERT INTO ${tableOf(schema)} ("timestamp", name) VALUES ($1, $2)`, [timestamp, name]);
}

export async function recordReverted(runner: QueryRunner, schema: string, name: string): Promise<void> {
  await runner.query(`DELETE FROM ${tableOf(schema)} WHERE name = $1`, [name]);
}

function tableOf(schema: string): string {
  return `${quoteIdent(schema)}.${quoteIdent(MIGRATIONS_TABLE)}`;
}
