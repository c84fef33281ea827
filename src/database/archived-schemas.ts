import type { Queryable } from './admin-connection.js';
import type { House } from './migrator.js';

/** No product can have an id that begins so: the name is free whatever products there are. */
const PREFIX = 'nagaya_archived_';

/** Where the schema of an archived product stands until it comes back or is dropped. */
export function archivedSchema(productId: string): string {
  return PREFIX + productId;
}

/** Which of these schemas there are. */
export async function existingSchemas(db: Queryable, names: readonly string[]): Promise<Set<string>> {
  const rows = await db.query<{ name: string }>('SELECT nspname AS name FROM pg_namespace WHERE nspname = ANY($1)', [names]);
  return new Set(rows.map((row) => row.name));
}

/**
 * The house without its archived products: what migrates and repairs would otherwise make an empty schema where theirs
 * stood. Read from the catalogue and not from `core.products`, which the migrator's login can't see, nor anybody before the first migration.
 */
export async function withoutArchived(db: Queryable, house: House): Promise<House> {
  const ids = house.products.map((product) => product.id);
  const found = await existingSchemas(db, [...ids, ...ids.map(archivedSchema)]);
  const isArchived = (id: string) => found.has(archivedSchema(id)) && !found.has(id);
  return { ...house, products: house.products.filter((product) => !isArchived(product.id)) };
}
