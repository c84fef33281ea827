import { withAdmin } from '../../database/admin-connection.js';
import type { Cluster } from '../../database/cluster.js';
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
export async function planRestore(url: string, engine: Cluster['engine'], manifest: BackupManifest, { schema, as }: { schema?: string; as?: string }): Promise<RestorePlan> {
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
      steps: ['read every file and compare it with the manifest', ...(schema === undefined ? wholeSteps(isLive, engine) : schemaSteps(schema, as, isLive, engine))],
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

function schemaSteps(schema: string, as: string | undefined, isLive: boolean, engine: Cluster['engine']): string[] {
  const others = engine === 'embedded' ? 'nobody is served while the rows are written' : undefined;
  if (as !== undefined || !isLive) return [`restore ${schema} as ${as ?? schema}, in one transaction; ${isLive ? (others ?? 'the live schema is served meanwhile') : 'there is no live one'}`, COMPARE];
  return [
    `answer requests for ${schema} with 503; ${others ?? 'other products go on'}`,
    `restore ${schema} in one transaction, the live schema renamed to ${schema}__before_<time>`,
    COMPARE,
    'put grants and policies right, and serve again',
    `keep ${schema}__before_<time> until "nagaya restore confirm ${schema}"; "nagaya restore undo ${schema}" brings it back`,
  ];
}

function wholeSteps(isLive: boolean, engine: Cluster['engine']): string[] {
  const empty = engine === 'embedded' ? 'name an empty folder in NAGAYA_DATA_DIR' : 'make one and name it with --into';
  if (isLive) return [`refuse: the database is not empty; ${empty}, or restore one schema with --schema`];
  return ['make roles, schemas and the extension', 'restore each schema in a transaction of its own', COMPARE, 'run the migrations of this release, and put grants, policies and passwords right'];
}
