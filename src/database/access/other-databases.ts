import type { AccessRule } from './finding.js';

const OPEN_SQL = `
  SELECT d.datname AS name
    FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) acl
   WHERE d.datallowconn AND d.datname <> current_database() AND acl.grantee = 0 AND acl.privilege_type = 'CONNECT'
   ORDER BY 1`;
const SHOWN = 5;

/**
 * Roles are the server's: where another database lets everybody in, so it lets in the products' roles. Nothing of Nagaya's is there, and
 * who uses it is not ours to lock out, so this is told and not mended; a managed cloud may not allow it at all.
 */
export const otherDatabases: AccessRule = async (db) => {
  const rows = await db.query<{ name: string }>(OPEN_SQL);
  if (rows.length === 0) return [];
  const names = rows.slice(0, SHOWN).map((row) => `"${row.name}"`).join(', ');
  const more = rows.length > SHOWN ? ` and ${rows.length - SHOWN} more` : '';
  return [
    {
      rule: 'database-elsewhere',
      severity: 'warning',
      detail: `Products' roles can connect to the other databases ${names}${more}, which let everybody in. Their owners can run: REVOKE CONNECT ON DATABASE … FROM PUBLIC.`,
      fix: [],
    },
  ];
};
