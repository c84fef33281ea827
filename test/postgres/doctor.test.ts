import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import type { AccessRule, Finding } from '../../src/database/access/finding.js';
import { GROUND_RULES, inspectAccess, repairAccess, TABLE_RULES } from '../../src/database/access/repair.js';
import { WATCH_RULES } from '../../src/database/access/watch.js';
import { openCluster, requireAdminUrl } from '../../src/database/cluster.js';
import { planAccess } from '../../src/database/migrator.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { asSuperuser, LODGER_PREFIX, urlOfDatabase } from '../support/postgres-server.js';
import { newLodger } from './support/lodger/lodger.js';
import { dropLodgers, houseWith, migrateWith } from './support/lodging.js';

const RULES: readonly AccessRule[] = [...GROUND_RULES, ...TABLE_RULES, ...WATCH_RULES];
const lodger = newLodger();
const house = houseWith([lodger]);
const stranger = `${LODGER_PREFIX}stranger_${lodger.id.slice(-4)}`;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await migrateWith(database.configuration, house);
  await asSuperuser(database.name, `CREATE ROLE ${stranger} LOGIN`, 'CREATE TABLE public.strange (id integer)');
});
afterAll(async () => {
  await database.drop();
  await dropLodgers([lodger]);
  await asSuperuser('postgres', `DROP ROLE ${stranger}`);
});

/** What doctor does, without its terminal; a superuser's login mends what a managed cloud would not let be mended. */
async function examine(options: { mend?: boolean; asMigrator?: boolean } = {}): Promise<Finding[]> {
  const url = urlOfDatabase(database.name);
  const cluster = await openCluster(options.asMigrator ? database.configuration : { ...database.configuration, databaseUrl: url, databaseAdminUrl: url }, { purpose: 'visit' });
  return withAdmin(requireAdminUrl(cluster), async (admin) => {
    const plan = await planAccess(admin, cluster, house, database.configuration.roleConnectionLimit);
    const findings = await (options.mend ? repairAccess(admin, plan, RULES) : inspectAccess(admin, plan, RULES));
    // Other test files make and drop databases of this server meanwhile.
    return findings.map((finding) => (finding.rule === 'database-elsewhere' ? { ...finding, detail: 'other databases' } : finding));
  });
}

const errorsIn = (findings: readonly Finding[]): Finding[] => findings.filter((finding) => finding.severity === 'error');

const me = lodger.id;
/** Each one door, and the one rule that sees it. `DB` is the database. */
const DOORS: readonly (readonly [what: string, rule: string, ...statements: string[]])[] = [
  ['a role that is a superuser', 'role-superuser', `ALTER ROLE ${me} SUPERUSER`],
  ['a role above row-level security', 'role-bypasses-rls', `ALTER ROLE ${me} BYPASSRLS`],
  ['a role that replicates', 'role-replication', `ALTER ROLE ${me} REPLICATION`],
  ['a role that makes roles', 'role-creates-roles', `ALTER ROLE ${me} CREATEROLE`],
  ['a role that makes databases', 'role-creates-databases', `ALTER ROLE ${me} CREATEDB`],
  ['a role that inherits', 'role-inherits', `ALTER ROLE ${me} INHERIT`],
  ['a role that is shut out', 'role-login', `ALTER ROLE ${me} NOLOGIN`],
  ['a role with more connections', 'role-connection-limit', `ALTER ROLE ${me} CONNECTION LIMIT -1`],
  ['a role whose password runs out', 'role-expires', `ALTER ROLE ${me} VALID UNTIL '2020-01-01'`],
  ['a role that joined another', 'role-membership', `GRANT pg_read_all_data TO ${me}`],
  ['a stranger who may act as a product', 'role-member-unknown', `GRANT ${me} TO ${stranger} WITH INHERIT TRUE`],
  ['a stranger in the database', 'role-unknown', `GRANT CONNECT ON DATABASE DB TO ${stranger}`],
  ['a table of a product\'s role', 'relation-owner', `ALTER TABLE ${me}.visits OWNER TO ${me}`],
  ['a function of a product\'s role', 'role-owns', `CREATE FUNCTION public.strange() RETURNS integer LANGUAGE sql AS 'SELECT 1'`, `REVOKE EXECUTE ON FUNCTION public.strange() FROM PUBLIC`, `ALTER FUNCTION public.strange() OWNER TO ${me}`],
  ['a database of a product\'s role', 'role-owns', `ALTER DATABASE DB OWNER TO ${me}`],
  ['a schema shut to its product', 'schema-usage-missing', `REVOKE USAGE ON SCHEMA ${me} FROM ${me}`],
  ['a schema to a neighbour', 'schema-privilege', `GRANT USAGE ON SCHEMA tea_house TO ${me}`],
  ['a schema to build in', 'schema-privilege', `GRANT CREATE ON SCHEMA ${me} TO ${me}`],
  ['a schema to everybody', 'schema-privilege', `GRANT USAGE ON SCHEMA core TO PUBLIC`],
  ['a schema that looks like a product\'s, open', 'schema-unknown', 'CREATE SCHEMA strange AUTHORIZATION nagaya_owner', `GRANT USAGE ON SCHEMA strange TO ${me}`],
  ['a table to a neighbour', 'grant-excess', `GRANT SELECT ON tea_house.teas TO ${me}`],
  ['a table to a stranger', 'grant-excess', `GRANT SELECT ON tea_house.teas TO ${stranger}`],
  ['a table to everybody', 'grant-excess', 'GRANT SELECT ON tea_house.teas TO PUBLIC'],
  ['a column to everybody', 'grant-excess', 'GRANT SELECT (name) ON tea_house.teas TO PUBLIC'],
  ['a sequence to a neighbour', 'grant-excess', `GRANT USAGE ON SEQUENCE tea_house.migrations_id_seq TO ${me}`],
  ['a shared table to lock', 'grant-excess', `GRANT UPDATE ON monitoring.worker_status TO ${me}`],
  ['a table that is shut to its product', 'grant-missing', `REVOKE DELETE ON ${me}.visits FROM ${me}`],
  ['a column that is shut to products', 'grant-missing', `REVOKE UPDATE (status) ON monitoring.worker_status FROM ${me}`],
  ['a right that may be passed on', 'grant-option', `GRANT SELECT ON ${me}.visits TO ${me} WITH GRANT OPTION`],
  ['a schema that may be passed on', 'grant-option', `GRANT USAGE ON SCHEMA ${me} TO ${me} WITH GRANT OPTION`],
  ['tables to come', 'default-privilege', `ALTER DEFAULT PRIVILEGES FOR ROLE nagaya_owner IN SCHEMA monitoring GRANT SELECT ON TABLES TO ${me}`],
  ['sequences to come, for everybody', 'default-privilege', 'ALTER DEFAULT PRIVILEGES FOR ROLE nagaya_owner GRANT USAGE ON SEQUENCES TO PUBLIC'],
  ['functions to come', 'function-defaults', 'ALTER DEFAULT PRIVILEGES FOR ROLE nagaya_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC'],
  ['the database to everybody', 'database-privilege', 'GRANT TEMPORARY ON DATABASE DB TO PUBLIC'],
  ['the database, shut to a product', 'database-connect-missing', `REVOKE CONNECT ON DATABASE DB FROM ${me}`],
  ['public to everybody', 'public-schema-privilege', 'GRANT CREATE ON SCHEMA public TO PUBLIC'],
  ['large objects to everybody', 'large-objects', 'GRANT EXECUTE ON FUNCTION pg_catalog.lo_create(oid) TO PUBLIC'],
  ['a function to everybody', 'function-execute-excess', 'GRANT EXECUTE ON FUNCTION core.drop_event_partitions(integer) TO PUBLIC'],
  ['a function shut to its caller', 'function-execute-missing', 'REVOKE EXECUTE ON FUNCTION core.drop_event_partitions(integer) FROM nagaya_control'],
  ['a search path that callers bend', 'definer-search-path', 'ALTER FUNCTION core.drop_event_partitions(integer) RESET search_path'],
  ['a stranger\'s function with his rights', 'definer-elsewhere', `CREATE FUNCTION public.strange() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`],
  ['a view with its owner\'s rights', 'view-definer', 'SET ROLE nagaya_owner; CREATE VIEW core.strange AS SELECT 1 AS one; GRANT SELECT ON core.strange TO nagaya_backup; RESET ROLE'],
  ['row-level security, switched off', 'row-security-off', 'ALTER TABLE core.monitoring_events DISABLE ROW LEVEL SECURITY'],
  ['row-level security, not for the owner', 'row-security-not-forced', 'ALTER TABLE monitoring.worker_status NO FORCE ROW LEVEL SECURITY'],
  ['a policy that lets all through', 'policy-unknown', 'CREATE POLICY everything ON core.monitoring_events USING (true)'],
  ['the policy, loosened', 'policy-changed', 'ALTER POLICY product_rows ON monitoring.worker_status USING (true)'],
  ['the policy, gone', 'policy-missing', 'DROP POLICY product_rows ON monitoring.performance_metrics'],
  ['another search path', 'role-setting', `ALTER ROLE ${me} IN DATABASE DB SET search_path = public`],
  ['a setting of its own', 'role-setting-unknown', `ALTER ROLE ${me} SET work_mem = '1GB'`],
  ['an extension in a product\'s schema', 'extension-schema', `CREATE EXTENSION pg_trgm SCHEMA ${me}`],
  ['connections out of the server', 'extension-dblink', 'CREATE EXTENSION dblink SCHEMA extensions'],
  ['a stranger who may make himself a product', 'role-member-unknown', `GRANT ${me} TO ${stranger} WITH ADMIN TRUE, INHERIT FALSE, SET FALSE`],
  ['a sequence of a product\'s role', 'role-owns', `SET ROLE nagaya_owner; CREATE SEQUENCE ${me}.strange; GRANT USAGE, SELECT ON SEQUENCE ${me}.strange TO ${me}; GRANT SELECT ON SEQUENCE ${me}.strange TO nagaya_backup; RESET ROLE; ALTER SEQUENCE ${me}.strange OWNER TO ${me}`],
  ['a place where products meet', 'relation-elsewhere', 'GRANT SELECT, INSERT ON public.strange TO PUBLIC'],
  ['a copy where everybody may look', 'relation-elsewhere', 'CREATE TABLE extensions.strange AS SELECT * FROM tea_house.teas', `GRANT SELECT ON extensions.strange TO ${me}`],
  ['the passwords of all roles', 'catalogue-privilege', `GRANT SELECT ON pg_catalog.pg_authid TO ${me}`],
  ['the passwords of all roles, to everybody', 'catalogue-privilege', 'GRANT SELECT ON pg_catalog.pg_authid TO PUBLIC'],
  ['files of the server', 'catalogue-privilege', `GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO ${me}`],
  ['files of the server, to everybody', 'catalogue-privilege', 'GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_file(text) TO PUBLIC'],
  ['a setting for superusers', 'parameter-privilege', `GRANT SET ON PARAMETER session_replication_role TO ${me}`],
  ['a way to another server', 'foreign-server', 'CREATE FOREIGN DATA WRAPPER strange', 'CREATE SERVER strange FOREIGN DATA WRAPPER strange', `GRANT USAGE ON FOREIGN SERVER strange TO ${me}`],
  ['a large object to everybody', 'large-object', 'SELECT lo_create(4242)', 'GRANT SELECT ON LARGE OBJECT 4242 TO PUBLIC'],
  ['a trigger that sees every row', 'trigger-elsewhere', `CREATE FUNCTION public.strange() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'`, 'REVOKE EXECUTE ON FUNCTION public.strange() FROM PUBLIC', 'CREATE TRIGGER strange AFTER INSERT ON tea_house.teas FOR EACH ROW EXECUTE FUNCTION public.strange()'],
  ['a rule that copies every row', 'rewrite-rule', `CREATE RULE strange AS ON INSERT TO tea_house.teas DO ALSO INSERT INTO ${me}.visits (name) VALUES (new.name)`],
  ['an event trigger', 'event-trigger', `CREATE FUNCTION public.strange() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'`, 'REVOKE EXECUTE ON FUNCTION public.strange() FROM PUBLIC', 'CREATE EVENT TRIGGER strange ON ddl_command_end EXECUTE FUNCTION public.strange()'],
  ['a function of the product\'s with the rights of all', 'definer-in-product', `SET ROLE nagaya_owner; CREATE FUNCTION ${me}.strange() RETURNS SETOF tea_house.teas LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS 'SELECT * FROM tea_house.teas'; GRANT EXECUTE ON FUNCTION ${me}.strange() TO ${me}; RESET ROLE`],
  ['a table that hands its rows to a neighbour\'s', 'heir-elsewhere', `SET ROLE nagaya_owner; CREATE TABLE ${me}.parent (id uuid); GRANT SELECT, INSERT, UPDATE, DELETE ON ${me}.parent TO ${me}; GRANT SELECT ON ${me}.parent TO nagaya_backup; ALTER TABLE tea_house.teas INHERIT ${me}.parent; RESET ROLE`],
  ['a foreign key to a neighbour\'s rows', 'foreign-key-elsewhere', `SET ROLE nagaya_owner; ALTER TABLE ${me}.visits ADD COLUMN tea uuid REFERENCES tea_house.teas (id); RESET ROLE`],
  ['a kept copy of a neighbour\'s rows', 'copy-elsewhere', `SET ROLE nagaya_owner; CREATE MATERIALIZED VIEW ${me}.strange_copy AS SELECT * FROM tea_house.teas; GRANT SELECT, INSERT, UPDATE, DELETE ON ${me}.strange_copy TO ${me}; GRANT SELECT ON ${me}.strange_copy TO nagaya_backup; RESET ROLE`],
  ['a search path of the database', 'database-setting', 'ALTER DATABASE DB SET search_path = public'],
  ['an index that a failure has left', 'index-invalid', `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '${me}.visits_pkey'::regclass`],
];

/** What stays when the door is shut, and would be seen by the next one. */
const SWEEP = [
  'DROP SCHEMA IF EXISTS strange', 'DROP VIEW IF EXISTS core.strange',
  `DROP SEQUENCE IF EXISTS ${me}.strange`, `DROP FUNCTION IF EXISTS ${me}.strange()`, 'DROP TABLE IF EXISTS extensions.strange', `DROP TABLE IF EXISTS ${me}.parent`,
  'DROP EVENT TRIGGER IF EXISTS strange', 'DROP FUNCTION IF EXISTS public.strange()', 'DROP SERVER IF EXISTS strange', 'DROP FOREIGN DATA WRAPPER IF EXISTS strange',
  `DO 'BEGIN PERFORM lo_unlink(oid) FROM pg_largeobject_metadata; END'`, `ALTER TABLE ${me}.visits DROP COLUMN IF EXISTS tea`,
  'DROP EXTENSION IF EXISTS pg_trgm', 'DROP EXTENSION IF EXISTS dblink',
];

describe('doctor', () => {
  /** What is not Nagaya's to mend, such as other databases of this server. */
  let usual: Finding[];
  /** As `migrate` has left it: before a superuser has mended anything. */
  let migrated: { asMigrator: Finding[]; asSuperuser: Finding[] };
  beforeAll(async () => {
    migrated = { asMigrator: await examine({ asMigrator: true }), asSuperuser: await examine() };
    await examine({ mend: true });
    usual = await examine();
  });

  test('finds no error in a migrated database, and says what a managed cloud would not let it mend', async () => {
    expect([errorsIn(migrated.asMigrator), errorsIn(migrated.asSuperuser)]).toEqual([[], []]);
    expect(migrated.asMigrator.map((finding) => finding.rule)).toEqual(expect.arrayContaining(['database-elsewhere']));
  });

  test.each(DOORS)('%s: finds exactly that (%s), and mends it', async (_what, rule, ...statements) => {
    await asSuperuser(database.name, ...statements.map((sql) => sql.replace(/\bDB\b/, `"${database.name}"`)));
    const found = (await examine()).filter((finding) => !usual.some((known) => known.detail === finding.detail));
    expect([...new Set(found.map((finding) => finding.rule))]).toEqual([rule]);
    for (const finding of found) expect(finding.fix).not.toEqual([]);
    await examine({ mend: true });
    await asSuperuser(database.name, ...SWEEP);
    expect(await examine()).toEqual(usual);
  });

  test('rows that are published: a warning, and left as they are', async () => {
    await asSuperuser(database.name, `CREATE PUBLICATION strange FOR TABLE ${me}.visits`);
    expect((await examine()).filter((finding) => finding.rule === 'publication')).toMatchObject([{ severity: 'warning', fix: [], detail: expect.stringContaining(`${me}.visits`) }]);
    await asSuperuser(database.name, 'DROP PUBLICATION strange');
  });

  test('a schema that nobody may use: a warning, and left as it is', async () => {
    await asSuperuser(database.name, 'CREATE SCHEMA left_over AUTHORIZATION nagaya_owner');
    expect((await examine()).filter((finding) => finding.rule === 'schema-unknown')).toMatchObject([{ severity: 'warning', fix: [], detail: expect.stringContaining('"left_over"') }]);
    await asSuperuser(database.name, 'DROP SCHEMA left_over');
  });
});
