import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import type { StoredFile, SchemaArchive } from '../archive/manifest.js';
import type { ArchiveWriter } from '../dump/archive-writer.js';
import type { Dumper } from '../dump/dumper.js';
import { readHistory } from '../dump/facts.js';
import { readFingerprint } from '../dump/fingerprint.js';
import { summedTables, sumMethodOf, sumTables } from '../dump/table-sums.js';
import { withScratchFolder } from '../scratch-folder.js';
import { dumpSqlFiles } from './dump-sql-files.js';
import type { EmbeddedSession } from './embedded-session.js';
import { INDEXES_FILE, ROWS_FILE, SCHEMA_FILE, TABLES_FILE } from './sql-files.js';

/**
 * Dumps schemas of the embedded engine. Everything is read first, into a temporary folder, and the session given back before
 * anything is encrypted or stored: nobody else is served meanwhile.
 */
export function embeddedDumper(session: EmbeddedSession, signal: AbortSignal): Dumper {
  return {
    client: 'pg_dump 18 (WebAssembly)',
    compression: 'none',
    dumpAll: (schemas, files, onSchema) =>
      withScratchFolder(async (scratch) => {
        const read: Omit<SchemaArchive, 'files'>[] = [];
        for (const [done, schema] of schemas.entries()) {
          await onSchema(schema, done);
          read.push(await readSchema(session, schema, join(scratch, schema), signal));
        }
        await session.close();
        const archives: SchemaArchive[] = [];
        for (const archive of read) archives.push({ ...archive, files: await store(archive.schema, join(scratch, archive.schema), files) });
        return archives;
      }),
  };
}

async function readSchema(session: EmbeddedSession, schema: string, folder: string, signal: AbortSignal): Promise<Omit<SchemaArchive, 'files'>> {
  // Before pg_dump, which changes the session's settings.
  const described = { ...(await readHistory(session, schema)), fingerprint: await readFingerprint(session, schema) };
  const sums = await sumMethodOf(session);
  const tables = await sumTables(session, await summedTables(session, schema, sums), signal);
  await dumpSqlFiles(session, schema, folder, signal);
  return { schema, ...described, tables, sums, archive: schema };
}

async function store(schema: string, folder: string, files: ArchiveWriter): Promise<StoredFile[]> {
  const stored: StoredFile[] = [];
  for (const name of [SCHEMA_FILE, TABLES_FILE, ROWS_FILE, INDEXES_FILE]) stored.push(await files.write(`${schema}/${name}`, createReadStream(join(folder, name))));
  return stored;
}
