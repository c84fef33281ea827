import type { AdminConnection } from '../../database/admin-connection.js';
import { findExtensionsSchema } from '../../database/migrator.js';
import { quoteIdent } from '../../database/quote-ident.js';
import { AppError } from '../../errors/app-error.js';
import type { BackupManifest } from '../archive/manifest.js';

/**
 * Makes the extension where the archives look for it.
 * @param remedy what to do where this login may not install it
 * @throws AppError `conflict`
 */
export async function makeExtension(db: AdminConnection, { extensionsSchema, versions }: BackupManifest, remedy: string): Promise<void> {
  if (versions.pgvector === null) return;
  if ((await db.query(`SELECT 1 AS there FROM pg_extension WHERE extname = 'vector'`)).length > 0) return;
  try {
    await db.query(`CREATE SCHEMA IF NOT EXISTS ${quoteIdent(extensionsSchema)}`);
    await db.query(`CREATE EXTENSION IF NOT EXISTS vector SCHEMA ${quoteIdent(extensionsSchema)}`);
  } catch (error) {
    throw new AppError('conflict', `The extension "vector" can't be installed in this database by this login. ${remedy}`, { cause: error });
  }
}

/** Archives name the extension's types with their schema. @throws AppError `conflict` */
export async function assertExtensionAt(admin: AdminConnection, { extensionsSchema, name }: BackupManifest): Promise<void> {
  const here = await findExtensionsSchema(admin);
  if (here === extensionsSchema) return;
  throw new AppError('conflict', `In the backup ${name} pgvector lives in the schema ${extensionsSchema}, here in ${here}. Move it: ALTER EXTENSION vector SET SCHEMA ${extensionsSchema};`);
}

/** What a database that no `nagaya migrate` has seen lacks for a single schema: the extension, and the owner's way to its types. */
export async function prepareForSchema(admin: AdminConnection, manifest: BackupManifest, owner: string): Promise<void> {
  if (manifest.versions.pgvector === null) return;
  const home = quoteIdent(manifest.extensionsSchema);
  await makeExtension(admin, manifest, `Let a superuser run there: CREATE SCHEMA IF NOT EXISTS ${home}; CREATE EXTENSION vector SCHEMA ${home};`);
  await assertExtensionAt(admin, manifest);
  const [way] = await admin.query<{ open: boolean }>(`SELECT has_schema_privilege($1, $2, 'USAGE') AS open`, [owner, manifest.extensionsSchema]);
  if (way?.open === true) return;
  const grant = `GRANT USAGE ON SCHEMA ${home} TO ${quoteIdent(owner)}`;
  await admin.query(grant).catch((error: unknown) => {
    throw new AppError('conflict', `${owner}, who will own what is restored, may not use the types in ${manifest.extensionsSchema} of this database. Let that schema's owner run: ${grant};`, { cause: error });
  });
}
