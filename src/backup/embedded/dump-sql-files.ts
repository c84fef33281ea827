import { mkdir, writeFile } from 'node:fs/promises';
import { createWriteStream } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../../errors/app-error.js';
import type { EmbeddedSession } from './embedded-session.js';
import { insertStatements } from './insert-statements.js';
import { runPgDump } from './run-pg-dump.js';
import { INDEXES_FILE, ROWS_FILE, SCHEMA_FILE, TABLES_FILE } from './sql-files.js';

/**
 * Writes one schema into a folder as SQL that psql takes: what pg_dump makes of its definitions, and its rows between them, before
 * indexes and policies. Owners and grants are left out: "nagaya migrate" puts them right.
 */
export async function dumpSqlFiles(session: EmbeddedSession, schema: string, folder: string, signal: AbortSignal): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  // Forced on the shared tables; that the policies hide nothing has been checked.
  const args = [`--schema="${schema}"`, '--enable-row-security', '--no-owner', '--no-acl'];
  const rows = Readable.from(insertStatements(session, schema));
  await pipeline(rows, createWriteStream(join(folder, ROWS_FILE), { mode: 0o600 }), { signal });
  const { schemaSql, tablesSql } = splitOffSchema(schema, await runPgDump(session, [...args, '--section=pre-data'], signal));
  const indexesSql = await runPgDump(session, [...args, '--section=post-data'], signal);
  for (const [name, sql] of [[SCHEMA_FILE, schemaSql], [TABLES_FILE, tablesSql], [INDEXES_FILE, indexesSql]] as const) {
    await writeFile(join(folder, name), sql, { mode: 0o600 });
  }
}

/** The schema itself in a file of its own: a restore makes it first, with its owner, maybe under another name. */
function splitOffSchema(schema: string, sql: string): { schemaSql: string; tablesSql: string } {
  const statements = sql.match(/^(?:CREATE SCHEMA|COMMENT ON SCHEMA) .*;$/gm) ?? [];
  if (statements.length === 0) throw new AppError('internal', `pg_dump wrote nothing that makes the schema ${schema}.`);
  return {
    schemaSql: `${statements.join('\n')}\n`,
    tablesSql: statements.reduce((rest, statement) => rest.replace(`${statement}\n`, () => ''), sql),
  };
}
