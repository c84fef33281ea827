import { asSuperuser } from '../../support/postgres-server.js';

/** What a superuser sees, whom no policy and no missing grant binds: the truth that a role's view is held against. */
export async function superuserRows<Row extends object = Record<string, unknown>>(database: string, sql: string): Promise<Row[]> {
  const [result] = await asSuperuser(database, sql);
  return (result?.rows ?? []) as Row[];
}
