import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { asSuperuser } from '../support/postgres-server.js';
import { furnishHomes, PAIRS, TABLE_OF, type Homes } from '../postgres/support/homes.js';
import { superuserRows } from '../postgres/support/superuser-rows.js';

/** insufficient_privilege */
const DENIED = { refused: '42501' };
/** undefined_table: names without a schema are not even looked for in a schema that is shut */
const NOT_FOUND = { refused: '42P01' };

let homes: Homes;
beforeAll(async () => {
  homes = await furnishHomes();
  // Statistics hold values of the rows.
  await asSuperuser(homes.database.name, 'ANALYZE');
});
afterAll(() => homes.close());

describe.each(PAIRS)('%s in the home of %s', (me, other) => {
  const table = TABLE_OF[other];
  const own = TABLE_OF[me];

  test('finds its own table, so that what follows is refused for the right reason', async () => {
    expect(await homes.as(me).attempt(`SELECT FROM ${own}`)).toMatchObject({ affected: 1 });
  });

  test.each([
    ['reads', `SELECT * FROM ${table}`],
    ['reads in a sub-select', `SELECT (SELECT count(*) FROM ${table})`],
    ['reads behind a harmless statement', `SELECT 1; SELECT * FROM ${table}`],
    ['reads by XML export', `SELECT query_to_xml('SELECT * FROM ${table}', true, false, '')`],
    ['reads the table as XML', `SELECT table_to_xml('${table}', true, false, '')`],
    ['reads the schema as XML', `SELECT schema_to_xml('${other}', true, false, '')`],
    ['reads by copying out', `COPY ${table} TO STDOUT`],
    ['reads through a cursor', `BEGIN; DECLARE c CURSOR FOR SELECT * FROM ${table}`],
    ['reads through a prepared statement', `PREPARE p AS SELECT * FROM ${table}; EXECUTE p`],
    ['reads in a block of code', `DO $$ BEGIN PERFORM * FROM ${table}; END $$`],
    ['reads by a statement made at run time', `DO $$ BEGIN EXECUTE 'SELECT * FROM ' || '${table}'; END $$`],
    ['reads the migration history', `SELECT * FROM ${other}.migrations`],
    ['asks for the size by name', `SELECT pg_total_relation_size('${table}')`],
    ['inserts', `INSERT INTO ${table} DEFAULT VALUES`],
    ['updates', `UPDATE ${table} SET id = id`],
    ['deletes', `DELETE FROM ${table}`],
    ['merges', `MERGE INTO ${table} t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE`],
    ['truncates', `TRUNCATE ${table}`],
    ['locks', `BEGIN; LOCK TABLE ${table} IN ACCESS SHARE MODE`],
    ['copies in', `COPY ${table} FROM STDIN`],
    ['makes a table there', `CREATE TABLE ${other}.mine (id integer)`],
    ['makes a function there', `CREATE FUNCTION ${other}.mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'`],
    ['makes a view of it at home', `CREATE VIEW ${me}.window AS SELECT * FROM ${table}`],
    ['refers to it by a foreign key', `CREATE TABLE ${me}.spy (id uuid REFERENCES ${table})`],
    ['alters the table', `ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`],
    ['drops the table', `DROP TABLE ${table}`],
    ['indexes the table', `CREATE INDEX ON ${table} (id)`],
    ['puts a trigger on it', `CREATE TRIGGER spy AFTER INSERT ON ${table} EXECUTE FUNCTION suppress_redundant_updates_trigger()`],
    ['puts a rule on it', `CREATE RULE spy AS ON INSERT TO ${table} DO NOTHING`],
    ['renames the schema', `ALTER SCHEMA ${other} RENAME TO mine`],
    ['drops the schema', `DROP SCHEMA ${other} CASCADE`],
    ['grants itself the schema', `GRANT USAGE ON SCHEMA ${other} TO ${me}`],
    ['grants itself the table', `GRANT SELECT ON ${table} TO ${me}`],
    ['analyses it', `EXPLAIN ANALYZE SELECT * FROM ${table}`],
    ['rebuilds its indexes', `REINDEX TABLE ${table}`],
    ['comments on it', `COMMENT ON TABLE ${table} IS 'mine'`],
    ['names its row type', `SELECT NULL::${table}`],
    ['draws from its sequence', `SELECT nextval('${other}.migrations_id_seq')`],
    ['hands its table over to itself', `ALTER TABLE ${table} OWNER TO ${me}`],
    ['takes in its table as a partition', `ALTER TABLE ${own} ATTACH PARTITION ${table} DEFAULT`],
    ['makes a heir of its table', `CREATE TABLE ${me}.heir () INHERITS (${table})`],
    ['lets its own table inherit', `ALTER TABLE ${own} INHERIT ${table}`],
    ['makes a function with its row type', `CREATE FUNCTION ${me}.mine(${table}) RETURNS integer LANGUAGE sql AS 'SELECT 1'`],
    ['joins it to its own in one statement', `WITH theft AS (SELECT t::text FROM ${table} t) INSERT INTO ${own} (id) SELECT gen_random_uuid() FROM theft`],
  ])('%s: denied', async (_what, sql) => {
    expect(await homes.as(me).attempt(sql)).toEqual(DENIED);
  });

  test('puts the schema on its search path and reads without naming it: not found', async () => {
    const [, name] = table.split('.');
    expect(await homes.as(me).attempt(`SET search_path = ${other}; SELECT * FROM ${name}`)).toEqual(NOT_FOUND);
  });

  test.each([
    ['reads as XML by number', (oid: string) => `SELECT table_to_xml(${oid}::regclass, true, false, '')`],
    ['resets its counters by number', (oid: string) => `SELECT pg_stat_reset_single_table_counters(${oid})`],
  ])('%s, since a number needs no right on the schema: denied', async (_what, sql) => {
    const [row] = await superuserRows<{ oid: string }>(homes.database.name, `SELECT '${table}'::regclass::oid::text AS oid`);
    expect(await homes.as(me).attempt(sql(row?.oid ?? ''))).toEqual(DENIED);
  });

  test.each([
    ['draws from the sequence by number', (oid: string) => `SELECT nextval(${oid}::regclass)`],
    ['turns the sequence back by number', (oid: string) => `SELECT setval(${oid}::regclass, 1)`],
    ['looks at the sequence by number', (oid: string) => `SELECT currval(${oid}::regclass)`],
  ])('%s: denied', async (_what, sql) => {
    const [row] = await superuserRows<{ oid: string }>(homes.database.name, `SELECT '${other}.migrations_id_seq'::regclass::oid::text AS oid`);
    expect(await homes.as(me).attempt(sql(row?.oid ?? ''))).toEqual(DENIED);
  });

  test('exports the whole database as XML: nothing of the other is in it', async () => {
    const [row] = await homes.as(me).rows<{ xml: string }>(`SELECT database_to_xml(true, false, '')::text AS xml`);
    expect(row?.xml).toContain(`secret of ${me}`);
    expect(row?.xml).not.toContain(`secret of ${other}`);
    expect(row?.xml).not.toContain('secret of the operator');
  });

  test('looks for values in the statistics: there are none for it', async () => {
    const sql = `SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE schemaname IN ('${other}', 'core', 'monitoring')`;
    expect(await superuserRows(homes.database.name, sql)).not.toHaveLength(0);
    expect(await homes.as(me).attempt(sql)).toMatchObject({ affected: 0 });
  });

  test("looks at the neighbour's statements in pg_stat_activity: hidden", async () => {
    await homes.as(other).rows(`SELECT 'a secret statement'`);
    const sql = `SELECT usename, query FROM pg_stat_activity WHERE datname = current_database() AND usename = '${other}'`;
    expect(await homes.as(me).attempt(sql)).toMatchObject({ rows: [{ usename: other, query: '<insufficient privilege>' }] });
  });
});

describe.each(PAIRS)('%s becoming %s', (me, other) => {
  test.each([
    ['takes on the role', `SET ROLE ${other}`],
    ['takes it on for a transaction', `BEGIN; SET LOCAL ROLE ${other}`],
    ['takes it on by function', `SELECT set_config('role', '${other}', false)`],
    ['takes it on and reads in one statement', `SELECT set_config('role', '${other}', true), query_to_xml('SELECT * FROM ${TABLE_OF[other]}', true, false, '')`],
    ['takes on the owner', 'SET ROLE nagaya_owner'],
    ['takes on the control role', 'SET ROLE nagaya_control'],
    ['takes on the backup role', 'SET ROLE nagaya_backup'],
    ['takes on the migrator', 'SET ROLE nagaya_test_migrator'],
    ['takes on a role that reads everything', 'SET ROLE pg_read_all_data'],
    ['changes the session', `SET SESSION AUTHORIZATION ${other}`],
    ['changes the session by function', `SELECT set_config('session_authorization', '${other}', false)`],
    ['becomes a member', `GRANT ${other} TO ${me}`],
    ['becomes a reader of everything', `GRANT pg_read_all_data TO ${me}`],
    ['becomes a superuser', `ALTER ROLE ${me} SUPERUSER`],
    ['goes round row-level security', `ALTER ROLE ${me} BYPASSRLS`],
    ['lets itself make roles', `ALTER ROLE ${me} CREATEROLE`],
    ['lifts its connection limit', `ALTER ROLE ${me} CONNECTION LIMIT -1`],
    ['makes a role', `CREATE ROLE lodger_spy IN ROLE ${other}`],
    ['changes the password', `ALTER ROLE ${other} PASSWORD 'known'`],
    ['changes the settings', `ALTER ROLE ${other} SET search_path = public`],
    ['drops the role', `DROP ROLE ${other}`],
    ['renames the role', `ALTER ROLE ${other} RENAME TO mine`],
    ['keeps the role out', `ALTER ROLE ${other} NOLOGIN`],
    ['unmarks the role as Nagaya\'s', `COMMENT ON ROLE ${other} IS 'mine'`],
    ['unmarks itself', `COMMENT ON ROLE ${me} IS 'mine'`],
    ['gives everybody its settings', `ALTER ROLE ALL SET search_path = ${me}`],
    ['lives for ever', `ALTER ROLE ${me} VALID UNTIL 'infinity'`],
    ['lets itself replicate', `ALTER ROLE ${me} REPLICATION`],
    ['lets itself make databases', `ALTER ROLE ${me} CREATEDB`],
    ['takes over what it owns', `REASSIGN OWNED BY ${other} TO ${me}`],
    ['drops what it owns', `DROP OWNED BY ${other}`],
    ['opens what it will make', `ALTER DEFAULT PRIVILEGES FOR ROLE nagaya_owner GRANT SELECT ON TABLES TO ${me}`],
    ['ends its connections', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${other}'`],
    ['ends the connections of the control role', `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'nagaya_control'`],
    ['cancels its statements', `SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = '${other}'`],
  ])('%s: denied', async (_what, sql) => {
    expect(await homes.as(me).attempt(sql)).toEqual(DENIED);
  });

  test('resets the role in the hope of another one: it stays who it is', async () => {
    const sql = 'RESET ROLE; SET SESSION AUTHORIZATION DEFAULT; RESET SESSION AUTHORIZATION; SELECT session_user, current_user';
    expect(await homes.as(me).attempt(sql)).toMatchObject({ rows: [{ session_user: me, current_user: me }] });
  });
});
