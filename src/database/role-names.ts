import { DEFAULT_ROLE_PREFIX } from '../config/environment-reader.js';
import { AppError } from '../errors/app-error.js';
import type { ProductManifest } from './manifest.js';

/** pgvector's home, unless the database already has it elsewhere. */
export const EXTENSIONS_SCHEMA = 'extensions';

/** Stands where a product's id would for what belongs to none, in rows and metrics; no product can have it, whatever the prefix. */
export const CONTROL_SUBJECT = 'nagaya_control';

/** The three that belong to no product, behind the prefix. */
const SHARED_ROLES = { owner: 'owner', control: 'control', backup: 'backup' } as const;

/**
 * What the roles of this deployment are called. Schemas and products have the same names everywhere; roles are the server's,
 * so two deployments that share one keep theirs apart by what the names begin with. Every name of a role comes from here.
 */
export class RoleNames {
  /** Owns every schema and table; nobody logs in as it. */
  readonly owner: string;
  /** Serves what belongs to no product: registry, keys, jobs. */
  readonly control: string;
  /** Reads everything, for backups; never behind a serving pool. */
  readonly backup: string;

  /** @param prefix a letter, then letters and digits: nothing that SQL or a pattern takes otherwise */
  constructor(readonly prefix: string = DEFAULT_ROLE_PREFIX) {
    this.owner = `${prefix}_${SHARED_ROLES.owner}`;
    this.control = `${prefix}_${SHARED_ROLES.control}`;
    this.backup = `${prefix}_${SHARED_ROLES.backup}`;
  }

  /** A product's login. By default it has the product's own name; of nothing, it is what stands before the id. */
  of(productId: string): string {
    return this.isDefault ? productId : `${this.prefix}_${productId}`;
  }

  /** The way back: what a role's name says of a product, or the name itself for one of the shared roles and for strangers. */
  subjectOf(role: string): string {
    const isShared = role === this.owner || role === this.control || role === this.backup;
    return isShared || !role.startsWith(this.of('')) ? role : role.slice(this.of('').length);
  }

  /** Every role that logs in for these products, the shared ones first. */
  logins(products: readonly Pick<ProductManifest, 'id'>[]): string[] {
    return [this.control, this.backup, ...products.map((product) => this.of(product.id))];
  }

  /** All of them, the owner too. */
  all(products: readonly Pick<ProductManifest, 'id'>[]): string[] {
    return [this.owner, ...this.logins(products)];
  }

  /**
   * SQL for the id of the product whose login asks. With a prefix, NULL for a role whose name has it not.
   */
  get currentProductSql(): string {
    return this.isDefault ? 'current_user::text' : `substring(current_user::text, '^${this.prefix}_(.+)$')`;
  }

  /** @throws AppError `validation_failed` for what is no good as a schema's name, as a role's and as a part of URLs */
  assertProductIds(products: readonly Pick<ProductManifest, 'id'>[]): void {
    assertProductIds(products);
    if (this.isDefault) return;
    const shared = products.find(({ id }) => Object.values<string>(SHARED_ROLES).includes(id));
    if (shared === undefined) return;
    throw new AppError('validation_failed', `With NAGAYA_ROLE_PREFIX=${this.prefix} a product can't be called "${shared.id}": the role "${this.of(shared.id)}" is one of Nagaya's own.`);
  }

  private get isDefault(): boolean {
    return this.prefix === DEFAULT_ROLE_PREFIX;
  }
}

const PRODUCT_ID = /^[a-z][a-z0-9_]{1,30}$/;
const RESERVED = new Set([
  'postgres', 'public', 'core', 'monitoring', EXTENSIONS_SCHEMA, 'information_schema', 'template0', 'template1', 'admin', 'root', 'nagaya',
  // words that PostgreSQL itself gives a meaning where a role's name stands
  'none', 'current_user', 'session_user', 'current_role', 'user',
]);

/** A product's id is its schema's name, a part of its role's and of its URLs: it has to be good as all three. */
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
