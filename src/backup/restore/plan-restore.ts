import { withAdmin } from '../../database/admin-connection.js';
import { quoteIdent } from '../../database/quote-ident.js';
import type { BackupManifest } from '../archive/manifest.js';

export interface RestorePlan {
  readonly backup: string;
  readonly dataOf: string;
  readonly database: string;
  readonly steps: readonly string[];
  readonly schemas: readonly { readonly schema: string; readonly tables: number; readonly rows: string; readonly migration: string | null }[];
}

/** What a restore would do, in words. Changes nothing. */
export async function planRestore(url: string, manifest: BackupManifest, { schema, as }: { schema?: string; as?: string }): Promise<RestorePlan> {
  const archives = manifest.archives.filter((archive) => schema === undefined || archive.schema === schema);
  return withAdmin(url, async (admin) => {
    const [target] = await admin.query<{ database: string; isLive: boolean }>('SELECT current_database() AS database, to_regnamespace($1) IS NOT NULL AS "isLive"', [
      quoteIdent(schema ?? 'core'),
    ]);
    const isLive = target?.isLive ?? false;
    return {
      backup: manifest.name,
      dataOf: manifest.dataOf,
      database: target?.database ?? '',
      steps: ['read every file and compare it with the manifest', ...(schema === undefined ? wholeSteps(isLive) : schemaSteps(schema, as, isLive))],
      schemas: archives.map((archive) => ({
        schema: archive.schema,
        tables: archive.tables.length,
        rows: archive.tables.reduce((sum, table) => sum + BigInt(table.rows), 0n).toString(),
        migration: archive.migration,
      })),
    };
  });
}

const COMPARE = 'compare every row count, every checksum and the fingerprint with the manifest, and commit only where they are the same';

function schemaSteps(schema: string, as: string | undefined, isLive: boolean): string[] {
  if (as !== undefined || !isLive) return [`restore ${schema} as ${as ?? schema}, in one transaction; ${isLive ? 'the live schema is served meanwhile' : 'there is no live one'}`, COMPARE];
  return [
    `answer requests for ${schema} with 503; other products go on`,
    `restore ${schema} in one transaction, the live schema renamed to ${schema}__before_<time>`,
    COMPARE,
    'put grants and policies right, and serve again',
    `keep ${schema}__before_<time> until "nagaya restore confirm ${schema}"; "nagaya restore undo ${schema}" brings it back`,
  ];
}

function wholeSteps(isLive: boolean): string[] {
  if (isLive) return ['refuse: the database is not empty; make one and name it with --into, or restore one schema with --schema'];
  return ['make roles, schemas and the extension', 'restore each schema in a transaction of its own', COMPARE, 'run the migrations of this release, and put grants, policies and passwords right'];
}
