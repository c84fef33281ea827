import { archivedSchema, existingSchemas } from '../database/archived-schemas.js';
import { AppError } from '../errors/app-error.js';
import type { AdminConnection } from '../database/admin-connection.js';
import { withLock } from '../database/migrations/schema-lock.js';
import { quoteIdent } from '../database/quote-ident.js';

/**
 * Renames a product's schema out of the way and shuts its login: what is in it stays, and nobody can read or change it
 * but the owner and backups. Safe to repeat. The same lock as a migration of that schema: neither meets the other half done.
 * @throws AppError `conflict` where the product's schema is there twice
 */
export async function putSchemaAway(admin: AdminConnection, id: string, role: string): Promise<void> {
  await withLock(admin, `migrate:${id}`, async () => {
    const found = await existingSchemas(admin, [id, archivedSchema(id)]);
    if (found.has(id) && found.has(archivedSchema(id))) throw twice(id);
    if (!found.has(id)) return shutLogin(admin, role);
    await admin.transaction(async () => {
      // As the migrator, who has the owner's rights and beside them the database's, which a rename takes. Rather fail and be repeated than queue before whoever works in the schema.
      await admin.query(`SET LOCAL lock_timeout = '3s'`);
      await admin.query(`REVOKE ALL ON SCHEMA ${quoteIdent(id)} FROM ${quoteIdent(role)}`);
      await admin.query(`ALTER SCHEMA ${quoteIdent(id)} RENAME TO ${quoteIdent(archivedSchema(id))}`);
    });
    await shutLogin(admin, role);
  });
}

/** The way back. Grants and the login are made right by `migrate`, which knows what they are to be. Safe to repeat. */
export async function bringSchemaBack(admin: AdminConnection, id: string): Promise<void> {
  await withLock(admin, `migrate:${id}`, async () => {
    const found = await existingSchemas(admin, [id, archivedSchema(id)]);
    if (found.has(id) && found.has(archivedSchema(id))) throw twice(id);
    if (!found.has(archivedSchema(id))) return;
    await admin.query(`ALTER SCHEMA ${quoteIdent(archivedSchema(id))} RENAME TO ${quoteIdent(id)}`);
  });
}

async function shutLogin(admin: AdminConnection, role: string): Promise<void> {
  const [found] = await admin.query<{ login: boolean }>('SELECT rolcanlogin AS login FROM pg_roles WHERE rolname = $1', [role]);
  if (found?.login) await admin.query(`ALTER ROLE ${quoteIdent(role)} NOLOGIN`);
}

function twice(id: string): AppError {
  return new AppError(
    'conflict',
    `There are both a schema "${id}" and an archived one, "${archivedSchema(id)}". Something made the product anew while it was archived: look into both, and rename or drop the one that is not wanted.`,
  );
}
