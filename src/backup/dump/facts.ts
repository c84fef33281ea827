import type { Queryable } from '../../database/admin-connection.js';
import { MIGRATIONS_TABLE } from '../../database/access/relations.js';
import { archivedSchema, existingSchemas } from '../../database/archived-schemas.js';
import { quoteIdent } from '../../database/quote-ident.js';
import { AppError } from '../../errors/app-error.js';
import type { BackupHouse } from '../backup-house.js';

/** What a manifest says of the server and of the moment. */
export interface Facts {
  version: string;
  versionNumber: number;
  database: string;
  pgvector: string | null;
  extensionsSchema: string;
  now: Date;
}

export async function readFacts(db: Queryable): Promise<Facts> {
  const [facts] = await db.query<Facts>(
    `SELECT current_setting('server_version') AS version, current_setting('server_version_num')::int AS "versionNumber", current_database() AS database,
            (SELECT extversion FROM pg_extension WHERE extname = 'vector') AS pgvector, now() AS now,
            coalesce((SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'vector'), 'extensions') AS "extensionsSchema"`,
  );
  if (facts === undefined) throw new AppError('internal', 'The server does not say what it is.');
  return facts;
}

/** @throws AppError `not_found` for a schema that no manifest names, or that the database lacks */
export async function schemasOf(db: Queryable, { house }: BackupHouse, only: string | null): Promise<string[]> {
  const known = [...house.shared, ...house.products].map((manifest) => manifest.id);
  // Nobody serves an archived product, and its schema is somebody's data all the same.
  const all = [...known, ...house.products.map(({ id }) => archivedSchema(id))];
  const found = await existingSchemas(db, all);
  const present = all.filter((schema) => found.has(schema));
  if (only === null) return present;
  if (!present.includes(only)) throw new AppError('not_found', `There is no schema ${only} here; there are ${present.join(', ')}.`);
  return [only];
}

export async function readHistory(db: Queryable, schema: string): Promise<{ migration: string | null; migrations: number }> {
  const table = `${quoteIdent(schema)}.${quoteIdent(MIGRATIONS_TABLE)}`;
  const [there] = await db.query<{ there: boolean }>('SELECT to_regclass($1) IS NOT NULL AS there', [table]);
  if (there?.there !== true) return { migration: null, migrations: 0 };
  const [row] = await db.query<{ migration: string | null; migrations: number }>(
    `SELECT (SELECT name FROM ${table} ORDER BY timestamp DESC, id DESC LIMIT 1) AS migration, (SELECT count(*)::int FROM ${table}) AS migrations`,
  );
  return row ?? { migration: null, migrations: 0 };
}
