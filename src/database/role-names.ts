import { AppError } from '../errors/app-error.js';
import type { ProductManifest } from './manifest.js';

/** Owns every schema and table; nobody logs in as it. */
export const OWNER_ROLE = 'nagaya_owner';
/** Serves what belongs to no product: registry, keys, jobs. */
export const CONTROL_ROLE = 'nagaya_control';
/** Reads everything, for backups; never behind a serving pool. */
export const BACKUP_ROLE = 'nagaya_backup';
/** pgvector's home, unless the database already has it elsewhere. */
export const EXTENSIONS_SCHEMA = 'extensions';

const PRODUCT_ID = /^[a-z][a-z0-9_]{1,30}$/;
const RESERVED = new Set([
  'postgres', 'public', 'core', 'monitoring', EXTENSIONS_SCHEMA, 'information_schema', 'template0', 'template1', 'admin', 'root', 'nagaya',
  // words that PostgreSQL itself gives a meaning where a role's name stands
  'none', 'current_user', 'session_user', 'current_role', 'user',
]);

/** A product's id is its schema's name, its role's name and a part of its URLs: it has to be good as all three. */
export function assertProductIds(products: readonly Pick<ProductManifest, 'id'>[]): void {
  const seen = new Set<string>();
  for (const { id } of products) {
    const reserved = RESERVED.has(id) || id.startsWith('pg_') || id.startsWith('nagaya_');
    if (!PRODUCT_ID.test(id) || reserved) {
      throw new AppError(
        'validation_failed',
        `"${id}" can't be a product's id: use 2 to 31 lower-case letters, digits and underscores, starting with a letter, and no reserved name.`,
      );
    }
    if (seen.has(id)) throw new AppError('validation_failed', `The product "${id}" stands in the list twice.`);
    seen.add(id);
  }
}

/** Every role that logs in for these products, the shared ones first. */
export function loginRoles(products: readonly Pick<ProductManifest, 'id'>[]): string[] {
  return [CONTROL_ROLE, BACKUP_ROLE, ...products.map((product) => product.id)];
}
