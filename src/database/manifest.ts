import type { Type } from '@nestjs/common';

/** A table of a shared schema and what a product's role may do with it; row-level security narrows the rows. */
export interface SharedTable {
  readonly name: string;
  /**
   * Which rows a product's role sees: `own` compares `product_id` with the role, `visible` is the given SQL expression,
   * `none` means that products see none. Row-level security is forced on all of them, whatever the rows.
   */
  readonly rows: 'own' | 'none' | { readonly visible: string };
  /** Privileges of every product's role; default none. */
  readonly productMay?: readonly ('SELECT' | 'INSERT')[];
  /**
   * Columns that a product's role may change. By column, never the whole table: whom PostgreSQL lets update or delete
   * in all of a table may also lock all of it, and so keep every other product out.
   */
  readonly productUpdates?: readonly string[];
  /** Privileges of `nagaya_control`; default SELECT, INSERT, UPDATE, DELETE. */
  readonly controlMay?: readonly TablePrivilege[];
}

export type TablePrivilege = 'SELECT' | 'INSERT' | 'UPDATE' | 'DELETE';

/** A SECURITY DEFINER function of a shared schema: executed by `nagaya_control` alone. */
export interface ControlFunction {
  /** Name with argument types as `pg_get_function_identity_arguments` prints them, e.g. `maintain_partitions(integer, integer)`. */
  readonly signature: string;
}

interface BaseManifest {
  /** The schema's name; for a product also the name of its login role and its id on HTTP. */
  readonly id: string;
  /** For people: documentation, tables, alerts. */
  readonly title: string;
  /** Sections of the API's documentation that its routes stand in. */
  readonly tags: readonly { readonly name: string; readonly description: string }[];
  // TypeORM takes entity classes as plain constructors.
  readonly entities: readonly Type<unknown>[];
  /** Folder of TypeORM migration files, each `<timestamp>-<verb>` with one exported class. */
  readonly migrations: URL;
}

/** `core` and `monitoring`: one each, used by every product, rows kept apart by row-level security. */
export interface SharedManifest extends BaseManifest {
  readonly kind: 'shared';
  readonly tables: readonly SharedTable[];
  readonly controlFunctions: readonly ControlFunction[];
}

/** What a product wants otherwise than the alert rule has it; `docs/alerts.md` lists the rules. What operators set at run time wins. */
export interface AlertRuleChoice {
  readonly enabled?: boolean;
  readonly severity?: 'warning' | 'critical';
  /** How long it must hold before it is told, seconds. */
  readonly forSeconds?: number;
  readonly repeatSeconds?: number;
  /** In the rule's unit: rows, bytes, seconds, percent. */
  readonly threshold?: number;
}

/** What a product may hold. Absent or null: as much as it likes. */
export interface ProductLimits {
  /** Of its tables with their indexes. */
  readonly maxBytes?: number | null;
  readonly maxRows?: number | null;
}

/** Rows that grow old: which, and after how long they are deleted. */
export interface RowAge {
  readonly table: string;
  /** A timestamptz that says how old a row is. An index has to begin with it. */
  readonly column: string;
  /** Days after which a row is deleted; null: never, until an operator sets a number. */
  readonly days: number | null;
}

/** A product: its own schema, login role, pool and migration history. */
export interface ProductManifest extends BaseManifest {
  readonly kind: 'product';
  /** Tables that are made anew from the others, such as a search index: they are not exported. */
  readonly derived?: readonly string[];
  /** Loads the Nest module that serves `/v1/products/<id>/…`: only a process that serves needs it, and it is most of what there is to load. */
  readonly module: () => Promise<Type<unknown>>;
  /** By the rule's id, e.g. `{ 'record-count-low': { threshold: 5_000 } }`. */
  readonly alerts?: Readonly<Record<string, AlertRuleChoice>>;
  /** Until an operator sets another: at the limit writes are refused, reading and deleting go on. */
  readonly quota?: ProductLimits;
  /** Tables whose rows may be deleted by age; of no other table are rows ever deleted for that. What operators set at run time wins. */
  readonly retention?: readonly RowAge[];
}

export type SchemaManifest = SharedManifest | ProductManifest;
