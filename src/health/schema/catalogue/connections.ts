import type { Queryable } from '../../../database/admin-connection.js';

/** The connections of one login role, over all processes and databases of the server. */
export interface ConnectionsFigure {
  readonly role: string;
  readonly inUse: number;
  /** CONNECTION LIMIT of the role; where it has none, what the server gives all its clients together. */
  readonly limit: number;
}

/** Whose a session is, everybody may see; what it does, only its own role. Whoever is being logged in already counts. */
const CONNECTIONS_SQL = `
  SELECT r.rolname AS role, count(a.pid)::int AS "inUse",
         CASE WHEN r.rolconnlimit >= 0 THEN r.rolconnlimit ELSE current_setting('max_connections')::int END AS limit
    FROM pg_roles r
    LEFT JOIN pg_stat_activity a ON a.usesysid = r.oid
   WHERE r.rolname = ANY($1)
   GROUP BY r.rolname, r.rolconnlimit`;

export async function readConnections(db: Queryable, roles: readonly string[]): Promise<ReadonlyMap<string, ConnectionsFigure>> {
  const rows = await db.query<ConnectionsFigure>(CONNECTIONS_SQL, [roles]);
  return new Map(rows.map((row) => [row.role, row]));
}
