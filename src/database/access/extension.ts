import { quoteIdent } from '../quote-ident.js';
import { asMigrator, type AccessRule } from './finding.js';

/** The oldest pgvector with iterative index scans, without which a filtered search loses rows. */
const PGVECTOR_MIN = [0, 8, 0] as const;

/** pgvector, in a schema that only the owner may create in. */
export const vectorExtension: AccessRule = async (db, plan) => {
  const [row] = await db.query<{ version: string }>(`SELECT extversion AS version FROM pg_extension WHERE extname = 'vector'`);
  if (row === undefined) {
    return [
      {
        rule: 'pgvector-missing',
        severity: 'error',
        detail: 'The extension "vector" (pgvector) is not installed in this database.',
        fix: asMigrator(`CREATE EXTENSION vector SCHEMA ${quoteIdent(plan.extensionsSchema)}`),
      },
    ];
  }
  if (!isOlder(row.version)) return [];
  return [
    {
      rule: 'pgvector-old',
      severity: 'error',
      detail: `pgvector ${row.version} is installed; filtered search needs ${PGVECTOR_MIN.join('.')} or newer.`,
      fix: asMigrator('ALTER EXTENSION vector UPDATE'),
    },
  ];
};

function isOlder(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [index, minimum] of PGVECTOR_MIN.entries()) {
    const part = parts[index] ?? 0;
    if (part !== minimum) return part < minimum;
  }
  return false;
}

/**
 * Large objects live outside every schema, so row-level security and grants don't reach them; without EXECUTE nobody
 * makes one. Only a superuser can take it away: on a managed cloud this stays a warning.
 */
export const largeObjects: AccessRule = async (db) => {
  const rows = await db.query<{ signature: string }>(`
    SELECT format('pg_catalog.%I(%s)', p.proname, pg_get_function_identity_arguments(p.oid)) AS signature
      FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
     WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.proname ~ '^(lo_|lo(read|write)$)' AND acl.grantee = 0
     ORDER BY 1`);
  if (rows.length === 0) return [];
  return [
    {
      rule: 'large-objects',
      severity: 'warning',
      detail: `Everybody may use large objects (${rows.length} functions); only a superuser can take that away.`,
      fix: asMigrator(...rows.map((row) => `REVOKE EXECUTE ON FUNCTION ${row.signature} FROM PUBLIC`)),
    },
  ];
};
