import type { Queryable } from './admin-connection.js';

/** How many connections the server gives to clients that are not superusers. */
export async function readConnectionRoom(db: Queryable): Promise<number> {
  const [row] = await db.query<{ room: number }>(
    `SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0) AS room`,
  );
  return row?.room ?? 0;
}
