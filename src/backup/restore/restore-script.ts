import { quoteIdent, quoteLiteral } from '../../database/quote-ident.js';
import type { RoleNames } from '../../database/role-names.js';
import { MIGRATIONS_TABLE } from '../../database/access/relations.js';
import type { SchemaArchive } from '../archive/manifest.js';
import { fingerprintStatement } from '../dump/fingerprint.js';
import { PRINTED_ALIKE } from '../dump/snapshot.js';
import { assertHashes, sumsStatement } from '../dump/table-sums.js';

/** How long a restore waits for a lock on what it renames: rather fail than make live traffic queue behind it. */
const LOCK_TIMEOUT = `SET lock_timeout = '10s';`;

/** The statements around an archive's own; all of them, and the archive's, are one transaction. */
export interface RestoreScript {
  /** Before the archive: an empty schema of its name, and the role that is to own what it makes. */
  readonly before: readonly string[];
  /** After it: the schema gets the name it is to have. */
  readonly after: readonly string[];
}

/** Into a database that has no such schema. */
export function intoNowhere(schema: string, owner: string | undefined): RestoreScript {
  return { before: [`CREATE SCHEMA ${quoteIdent(schema)}${owner === undefined ? '' : ` AUTHORIZATION ${quoteIdent(owner)}`};`, ...become(owner)], after: [] };
}

/** Into the empty schema that is there. */
export function intoEmptySchema(owner: string): RestoreScript {
  return { before: become(owner), after: [] };
}

/**
 * Under another name. An archive names its schema throughout, so the live one is out of the way for the length of the
 * transaction: nobody else sees that, and it is back under its name when the transaction is over, however it ends.
 * @param newName may be the archive's own, where there is no schema of that name
 * @param isLive whether there is a schema of the archive's name
 */
export function besides(schema: string, newName: string, isLive: boolean, { owner }: RoleNames): RestoreScript {
  const aside = quoteIdent(`${schema}__aside`);
  return {
    before: [...(isLive ? [LOCK_TIMEOUT, `ALTER SCHEMA ${quoteIdent(schema)} RENAME TO ${aside};`] : []), ...intoNowhere(schema, owner).before],
    after: ['RESET ROLE;', ...(newName === schema ? [] : [`ALTER SCHEMA ${quoteIdent(schema)} RENAME TO ${quoteIdent(newName)};`]), ...(isLive ? [`ALTER SCHEMA ${aside} RENAME TO ${quoteIdent(schema)};`] : [])],
  };
}

/** In the live one's place; that one stays under the name `kept`. */
export function inPlace(schema: string, kept: string, roles: RoleNames): RestoreScript {
  return {
    before: [LOCK_TIMEOUT, `ALTER SCHEMA ${quoteIdent(schema)} RENAME TO ${quoteIdent(kept)};`, ...intoNowhere(schema, roles.owner).before],
    after: [...grants(schema, roles), shut(schema, kept, roles), 'RESET ROLE;', LOCK_TIMEOUT, lockTables(kept)],
  };
}

/** Exchanges the live schema and the kept one. */
export function swap(schema: string, kept: string, keptNext: string, roles: RoleNames): string[] {
  return [
    LOCK_TIMEOUT,
    lockTables(schema),
    `ALTER SCHEMA ${quoteIdent(schema)} RENAME TO ${quoteIdent(keptNext)};`,
    `ALTER SCHEMA ${quoteIdent(kept)} RENAME TO ${quoteIdent(schema)};`,
    shut(schema, keptNext, roles),
    `GRANT USAGE ON SCHEMA ${quoteIdent(schema)} TO ${quoteIdent(roles.of(schema))}, ${quoteIdent(roles.backup)};`,
  ];
}

/** A state that is only kept is nobody's to look into: a product reaches one schema, the one of its name. */
function shut(schema: string, kept: string, roles: RoleNames): string {
  return `REVOKE ALL ON SCHEMA ${quoteIdent(kept)} FROM ${quoteIdent(roles.of(schema))}, ${quoteIdent(roles.backup)};`;
}

/**
 * Waits for whoever writes and keeps others out until the commit: a writer that has begun commits before, one that has not finds
 * the new schema under the name.
 */
function lockTables(schema: string): string {
  return `DO $nagaya$ DECLARE t record; BEGIN
    FOR t IN SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname = ${quoteLiteral(schema)} AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY c.relname LOOP
      EXECUTE format('LOCK TABLE %I.%I IN ACCESS EXCLUSIVE MODE', t.nspname, t.relname);
    END LOOP;
  END $nagaya$;`;
}

/** What the product needs from its first moment; the repair that follows makes it exact. */
function grants(schema: string, roles: RoleNames): string[] {
  const [home, product, backup] = [quoteIdent(schema), quoteIdent(roles.of(schema)), quoteIdent(roles.backup)];
  return [
    `GRANT USAGE ON SCHEMA ${home} TO ${product}, ${backup};`,
    `GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${home} TO ${product};`,
    `GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA ${home} TO ${product};`,
    `GRANT SELECT ON ALL TABLES IN SCHEMA ${home} TO ${backup};`,
    `GRANT SELECT ON ALL SEQUENCES IN SCHEMA ${home} TO ${backup};`,
    `REVOKE INSERT, UPDATE, DELETE ON ${home}.${quoteIdent(MIGRATIONS_TABLE)} FROM ${product};`,
  ];
}

function become(role: string | undefined): string[] {
  return role === undefined ? [] : [`SET ROLE ${quoteIdent(role)};`];
}

/** Until the transaction's end, so for the fingerprint too. A domain or a row type is summed as it is printed. */
const SET_ALIKE = Object.entries(PRINTED_ALIKE).map(([name, value]) => `SET LOCAL ${name} = ${quoteLiteral(value)};`).join(' ');

/** Fails the transaction where a table has other rows than when it was dumped, or is missing. Before row-level security is on. */
export function rowsCheck({ schema, tables, sums = 'md5' }: SchemaArchive): string {
  const expected = quoteLiteral(JSON.stringify(Object.fromEntries(tables.map(({ name, rows, checksum }) => [name, [rows, checksum]]))));
  return block(`DECLARE expected jsonb := ${expected}; summed record; found record; seen integer := 0; BEGIN
    ${SET_ALIKE}
    ${assertHashes(sums)}
    FOR summed IN ${sumsStatement(quoteLiteral(schema), sums)} LOOP
      EXECUTE summed.sql INTO found;
      IF expected -> summed.name::text IS DISTINCT FROM jsonb_build_array(found.rows, found.checksum) THEN
        RAISE EXCEPTION 'nagaya: the table % has other rows than when it was dumped (% of them)', summed.name, found.rows;
      END IF;
      seen := seen + 1;
    END LOOP;
    IF seen <> ${tables.length} THEN RAISE EXCEPTION 'nagaya: % tables instead of ${tables.length}', seen; END IF;
  END`);
}

/** Fails the transaction where the schema is built otherwise than the dumped one. Only between servers of one major version. */
export function fingerprintCheck({ schema, fingerprint }: SchemaArchive): string {
  return block(`BEGIN
    IF (${fingerprintStatement(quoteLiteral(schema))}) IS DISTINCT FROM ${quoteLiteral(fingerprint)} THEN
      RAISE EXCEPTION 'nagaya: the schema is built otherwise than when it was dumped';
    END IF;
  END`);
}

/** The body as a literal: nothing in it can end it early. */
function block(body: string): string {
  return `DO ${quoteLiteral(body)};`;
}
