import type { Queryable } from '../admin-connection.js';
import type { ProductManifest, SharedManifest } from '../manifest.js';
import type { RoleNames } from '../role-names.js';

/** What the roles, grants and policies of a database are to be; everything in it follows from the manifests. */
export interface AccessPlan {
  readonly database: string;
  readonly shared: readonly SharedManifest[];
  readonly products: readonly ProductManifest[];
  /** What the roles are called. */
  readonly roles: RoleNames;
  /** Where pgvector lives: `extensions`, unless the database had it elsewhere before. */
  readonly extensionsSchema: string;
  readonly roleSecret: string;
  /** Roles that carry its mark are this deployment's too. */
  readonly previousSecret: string | undefined;
  readonly roleConnectionLimit: number;
}

/** One departure of the live database from the plan, and the statements that mend it. */
export interface Finding {
  /** Stable name of the rule, kebab-case. */
  readonly rule: string;
  /** `error` voids isolation or service; `warning` is what a managed cloud may not allow to be mended; `notice`, what could not be looked at. */
  readonly severity: 'error' | 'warning' | 'notice';
  /** For operators: names roles and objects. Never sent to an API client. */
  readonly detail: string;
  /** The product, shared role or schema that it is about. Where that is a product, what can't be mended is that product's failure alone. */
  readonly about?: string;
  readonly fix: readonly FixStatement[];
}

export interface FixStatement {
  readonly sql: string;
  /** Whose rights it takes: the owner of the schemas, or the migrator itself (roles, the database, `public`). */
  readonly as: 'owner' | 'migrator';
}

/** Compares one aspect of the catalogue with the plan. Reads only. */
export type AccessRule = (db: Queryable, plan: AccessPlan) => Promise<Finding[]>;

export function asMigrator(...statements: string[]): FixStatement[] {
  return statements.map((sql) => ({ sql, as: 'migrator' }));
}

export function asOwner(...statements: string[]): FixStatement[] {
  return statements.map((sql) => ({ sql, as: 'owner' }));
}
