import type { SchemaArchive } from '../archive/manifest.js';
import type { ArchiveWriter } from './archive-writer.js';

/** What writes the archives of one backup, all of them of one moment. */
export interface Dumper {
  /** The version of the program that wrote them. */
  readonly client: string;
  readonly compression: string;
  /** @param onSchema awaited before a schema is begun, with the number of those that are done */
  readonly dumpAll: (schemas: readonly string[], files: ArchiveWriter, onSchema: (schema: string, done: number) => void | Promise<void>) => Promise<SchemaArchive[]>;
}
