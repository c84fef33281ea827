import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { inspectAccess, GROUND_RULES, TABLE_RULES } from '../../src/database/access/repair.js';
import { planAccess } from '../../src/database/migrator.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { quoteIdent } from '../../src/database/quote-ident.js';
import { urlOfDatabase } from '../support/postgres-server.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { furnishHomes, HOMES, TABLE_OF, type Homes } from '../postgres/support/homes.js';
import { migrateWith } from '../postgres/support/lodging.js';
import { superuserRows } from '../postgres/support/superuser-rows.js';

const DENIED = { refused: '42501' };

let homes: Homes;
beforeAll(async () => {
  homes = await furnishHomes();
});
afterAll(() => homes.close());

describe.each(HOMES)('%s at home', (me) => {
  const own = TABLE_OF[me];

  test.each([
    ['makes a table', `CREATE TABLE ${me}.mine (id integer)`],
    ['makes a table from a query', `SELECT * INTO ${me}.mine FROM ${own}`],
    ['makes a view', `CREATE VIEW ${me}.mine AS SELECT * FROM ${own}`],
    ['makes a materialized view', `CREATE MATERIALIZED VIEW ${me}.mine AS SELECT * FROM ${own}`],
    ['makes a function', `CREATE FUNCTION ${me}.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'`],
    ['shadows a built-in function', `CREATE FUNCTION ${me}.lower(text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT $1'`],
    ['makes an operator', `CREATE OPERATOR ${me}.= (LEFTARG = text, RIGHTARG = text, FUNCTION = texteq)`],
    ['makes a type', `CREATE TYPE ${me}.mine AS (id integer)`],
    ['makes a sequence', `CREATE SEQUENCE ${me}.mine`],
    ['makes a temporary table', 'CREATE TEMP TABLE mine (id integer)'],
    ['makes a temporary table from a query', `CREATE TEMP TABLE mine AS SELECT * FROM ${own}`],
    ['makes a temporary view', `CREATE TEMP VIEW mine AS SELECT * FROM ${own}`],
    ['makes a function in pg_temp', `CREATE FUNCTION pg_temp.lower(text) RETURNS text LANGUAGE sql AS 'SELECT $1'`],
    ['makes a temporary sequence', 'CREATE TEMP SEQUENCE mine'],
    ['makes a schema', 'CREATE SCHEMA mine'],
    ['makes a procedure with its owner\'s rights', `CREATE PROCEDURE ${me}.mine() LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'`],
    ['makes an aggregate', `CREATE AGGREGATE ${me}.mine(integer) (SFUNC = int4pl, STYPE = int4)`],
    ['makes a domain', `CREATE DOMAIN ${me}.mine AS text`],
    ['makes a collation', `CREATE COLLATION ${me}.mine (locale = 'C')`],
    ['makes a cast', 'CREATE CAST (text AS integer) WITH INOUT'],
    ['makes an operator class', `CREATE OPERATOR CLASS ${me}.mine FOR TYPE int4 USING btree AS STORAGE int4`],
    ['makes a conversion', `CREATE CONVERSION ${me}.mine FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1`],
    ['makes a search configuration', `CREATE TEXT SEARCH CONFIGURATION ${me}.mine (COPY = english)`],
    ['makes statistics', `CREATE STATISTICS ${me}.mine ON id, (1) FROM ${own}`],
    ['makes a partition of shared rows', `CREATE TABLE ${me}.mine PARTITION OF core.monitoring_events DEFAULT`],
    ['replaces a function of core', `CREATE OR REPLACE FUNCTION core.make_event_partitions(integer, integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'`],
    ['takes over a function of core', `ALTER FUNCTION core.make_event_partitions(integer, integer) OWNER TO ${me}`],
    ['bends a function of core', `ALTER FUNCTION core.make_event_partitions(integer, integer) SET search_path = ${me}`],
    ['takes over its table', `ALTER TABLE ${own} OWNER TO ${me}`],
    ['puts a policy on its table', `CREATE POLICY mine ON ${own} USING (true)`],
    ['comments on its schema', `COMMENT ON SCHEMA ${me} IS 'mine'`],
    ['makes something in public', 'CREATE TABLE public.mine (id integer)'],
    ['makes something in extensions', `CREATE FUNCTION extensions.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'`],
    ['adds a column', `ALTER TABLE ${own} ADD COLUMN mine integer`],
    ['drops its table', `DROP TABLE ${own}`],
    ['drops its schema', `DROP SCHEMA ${me} CASCADE`],
    ['empties its table without a trace', `TRUNCATE ${own}`],
    ['indexes its table', `CREATE INDEX ON ${own} (id)`],
    ['puts a trigger on its table', `CREATE TRIGGER mine BEFORE UPDATE ON ${own} FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()`],
    ['switches triggers off', `ALTER TABLE ${own} DISABLE TRIGGER ALL`],
    ['clusters its table', `CLUSTER ${own} USING ${own.split('.')[1]}_pkey`],
    ['adds to its migration history', `INSERT INTO ${me}.migrations (timestamp, name) VALUES (1, 'Forged1')`],
    ['rewrites its migration history', `UPDATE ${me}.migrations SET name = 'Forged1'`],
    ['loses its migration history', `DELETE FROM ${me}.migrations`],
    ['draws from its history\'s sequence to make rows', `SELECT setval('${me}.migrations_id_seq', 1)`],
  ])('%s: denied', async (_what, sql) => {
    expect(await homes.as(me).attempt(sql)).toEqual(DENIED);
  });

  test('reads its migration history, to know whether it is behind', async () => {
    const rows = await homes.as(me).rows<{ name: string }>(`SELECT name FROM ${me}.migrations`);
    expect(rows).not.toHaveLength(0);
  });

  test('passes its own rights on: nothing comes of it', async () => {
    await homes.as(me).attempt(`GRANT SELECT ON ${own} TO PUBLIC`);
    const grants = await superuserRows(homes.database.name, `SELECT FROM pg_class, aclexplode(relacl) acl WHERE oid = '${own}'::regclass AND acl.grantee = 0`);
    expect(grants).toEqual([]);
  });
});

describe.each(HOMES)('%s and the server', (me) => {
  test.each([
    ['runs a program', `COPY (SELECT 1) TO PROGRAM 'cat'`],
    ['reads what a program says', `DO $$ BEGIN EXECUTE format('COPY ${TABLE_OF[me]} FROM PROGRAM %L', 'id'); END $$`],
    ['writes a file', `COPY (SELECT 1) TO '/tmp/nagaya-test'`],
    ['reads a file', `SELECT pg_read_file('postgresql.conf')`],
    ['lists a folder', `SELECT pg_ls_dir('.')`],
    ['reads the server\'s log folder', 'SELECT pg_ls_logdir()'],
    ['reads the verifiers of passwords', 'SELECT rolpassword FROM pg_authid'],
    ['reads them by the old view', 'SELECT passwd FROM pg_shadow'],
    ['reads the access rules', 'SELECT * FROM pg_hba_file_rules'],
    ['loads a library', `LOAD 'auto_explain'`],
    ['installs dblink', 'CREATE EXTENSION dblink'],
    ['installs postgres_fdw', 'CREATE EXTENSION postgres_fdw'],
    ['installs a trusted extension', 'CREATE EXTENSION hstore'],
    ['moves pgvector to itself', `ALTER EXTENSION vector SET SCHEMA ${me}`],
    ['drops pgvector', 'DROP EXTENSION vector CASCADE'],
    ['makes a foreign data wrapper', 'CREATE FOREIGN DATA WRAPPER mine'],
    ['makes a subscription', `CREATE SUBSCRIPTION mine CONNECTION 'host=127.0.0.1' PUBLICATION other`],
    ['makes a tablespace', `CREATE TABLESPACE mine LOCATION '/tmp'`],
    ['makes an access method', 'CREATE ACCESS METHOD mine TYPE INDEX HANDLER bthandler'],
    ['makes a function in C', `CREATE FUNCTION ${me}.mine() RETURNS integer LANGUAGE c AS 'libc'`],
    ['makes a built-in function its own', `CREATE FUNCTION ${me}.mine() RETURNS boolean LANGUAGE internal AS 'pg_reload_conf'`],
    ['makes a language', 'CREATE LANGUAGE mine HANDLER plpgsql_call_handler'],
    ['changes the server\'s settings', `ALTER SYSTEM SET log_statement = 'all'`],
    ['changes the database', 'ALTER DATABASE DATABASE_NAME SET search_path = public'],
    ['makes a database', 'CREATE DATABASE mine'],
    ['reads the configuration again', 'SELECT pg_reload_conf()'],
    ['switches constraints off', `SET session_replication_role = replica`],
    ['logs nothing of what it does', `SET log_statement = 'none'`],
    ['hides what it does', 'SET track_activities = off'],
    ['lifts the limit of temporary files', 'SET temp_file_limit = -1'],
    ['writes to system tables', 'SET allow_system_table_mods = on'],
    ['reads damaged pages', 'SET zero_damaged_pages = on'],
    ['loads libraries at login', `ALTER ROLE ${me} SET session_preload_libraries = 'mine'`],
    ['finds the data folder', 'SHOW data_directory'],
    ['finds the access file', 'SHOW hba_file'],
    ['reads a file as bytes', `SELECT pg_read_binary_file('PG_VERSION')`],
    ['asks for a file', `SELECT pg_stat_file('PG_VERSION')`],
    ['lists the write-ahead log', 'SELECT pg_ls_waldir()'],
    ['lists temporary files', 'SELECT pg_ls_tmpdir()'],
    ['reads the configuration files', 'SELECT * FROM pg_file_settings'],
    ['reads the statistics of the planner', 'SELECT * FROM pg_statistic'],
    ['reads large objects\' pages', 'SELECT * FROM pg_largeobject'],
    ['reads passwords of user mappings', 'SELECT * FROM pg_user_mapping'],
    ['reads connections of subscriptions', 'SELECT subconninfo FROM pg_subscription'],
    ['resets the statistics', 'SELECT pg_stat_reset()'],
    ['resets the statistics of the server', `SELECT pg_stat_reset_shared('bgwriter')`],
    ['promotes a standby', 'SELECT pg_promote()'],
    ['begins a backup', `SELECT pg_backup_start('mine')`],
    ['makes a physical replication slot', `SELECT pg_create_physical_replication_slot('mine')`],
    ['makes a replication origin', `SELECT pg_replication_origin_create('mine')`],
    ['imports collations', `SELECT pg_import_system_collations('pg_catalog')`],
    ['indexes the catalogue anew', `REINDEX SYSTEM`],
    ['comments on the database', 'COMMENT ON DATABASE DATABASE_NAME IS NULL'],
    ['writes the log', 'SELECT pg_rotate_logfile()'],
    ['makes a publication', 'CREATE PUBLICATION mine FOR ALL TABLES'],
    ['makes a replication slot', `SELECT pg_create_logical_replication_slot('mine', 'pgoutput')`],
    ['takes a snapshot of the write-ahead log', 'SELECT pg_switch_wal()'],
    ['makes an event trigger', 'CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION core.make_event_partitions()'],
    ['forces a checkpoint', 'CHECKPOINT'],
    ['reads other sessions\' memory', 'SELECT pg_log_backend_memory_contexts(pg_backend_pid())'],
  ])('%s: denied', async (_what, sql) => {
    expect(await homes.as(me).attempt(sql.replace('DATABASE_NAME', quoteIdent(homes.database.name)))).toEqual(DENIED);
  });
});

describe('large objects, which no schema holds and no policy reaches', () => {
  test('a migrator that is no superuser says that it can\'t shut them, and how it is done', async () => {
    const report = await migrateWith(homes.database.configuration, TEST_HOUSE);
    expect(report.warnings).toEqual([expect.objectContaining({ rule: 'large-objects', severity: 'warning' })]);
    expect(report.warnings[0]?.fix.map((statement) => statement.sql)).toContainEqual(expect.stringContaining('REVOKE EXECUTE ON FUNCTION pg_catalog.lo_create(oid) FROM PUBLIC'));
  });

  test.each([
    ['makes one', 'SELECT lo_create(0)'],
    ['makes one of bytes', `SELECT lo_from_bytea(0, 'x')`],
    ['opens one', 'SELECT lo_open(1, 131072)'],
    ['reads one', 'SELECT lo_get(1)'],
    ['imports a file', `SELECT lo_import('postgresql.conf')`],
    ['exports a file', `SELECT lo_export(1, '/tmp/nagaya-test')`],
  ])('after a migration by a superuser a product %s: denied', async (_what, sql) => {
    const url = urlOfDatabase(homes.database.name);
    const report = await migrateWith({ ...homes.database.configuration, databaseUrl: url, databaseAdminUrl: url }, TEST_HOUSE);
    expect(report.warnings).toEqual([]);
    expect(await homes.as('tea_house').attempt(sql)).toEqual(DENIED);
  });
});

test('the check that runs after each migration finds nothing to complain of', async () => {
  const { cluster } = homes.open;
  const findings = await withAdmin(requireAdminUrl(cluster), async (admin) =>
    inspectAccess(admin, await planAccess(admin, cluster, TEST_HOUSE, homes.database.configuration.roleConnectionLimit), [...GROUND_RULES, ...TABLE_RULES]),
  );
  expect(findings.filter((finding) => finding.severity === 'error')).toEqual([]);
});
