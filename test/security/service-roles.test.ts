import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openCluster } from '../../src/database/cluster.js';
import { BACKUP_ROLE, CONTROL_ROLE, OWNER_ROLE } from '../support/roles.js';
import { quoteIdent } from '../../src/database/quote-ident.js';
import { asSuperuser, LODGER_PREFIX, migratorUrl, TEST_MIGRATOR, urlOfDatabase } from '../support/postgres-server.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { furnishHomes, HOMES, TABLE_OF, type Homes } from '../postgres/support/homes.js';
import { migrateWith } from '../postgres/support/lodging.js';
import { loginRefusal, RoleSession } from '../postgres/support/role-session.js';
import { superuserRows } from '../postgres/support/superuser-rows.js';

const DENIED = { refused: '42501' };
// As with TEST_SECRET: a deployment that lives on this server too keeps the password of its own role.
const BACKUP_SECRET = process.env['NAGAYA_BACKUP_SECRET'] ?? 'a backup secret that is only good for tests';
const LOGINS = [CONTROL_ROLE, BACKUP_ROLE, ...HOMES];

let homes: Homes;
let backup: RoleSession;
beforeAll(async () => {
  homes = await furnishHomes();
  const configuration = { ...homes.database.configuration, backupSecret: BACKUP_SECRET };
  await migrateWith(configuration, TEST_HOUSE);
  backup = await RoleSession.open((await openCluster(configuration, { purpose: 'visit' })).urlOf(BACKUP_ROLE));
});
afterAll(async () => {
  await backup.close();
  await homes.close();
});

const look = <Row extends object>(sql: string): Promise<Row[]> => superuserRows<Row>(homes.database.name, sql);

describe('nagaya_control', () => {
  test.each([
    ...HOMES.flatMap((home) => [
      [`reads ${home}`, `SELECT * FROM ${TABLE_OF[home]}`],
      [`writes to ${home}`, `DELETE FROM ${TABLE_OF[home]}`],
      [`reads the history of ${home}`, `SELECT * FROM ${home}.migrations`],
      [`becomes ${home}`, `SET ROLE ${home}`],
      [`ends the connections of ${home}`, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '${home}'`],
      [`changes the password of ${home}`, `ALTER ROLE ${home} PASSWORD 'known'`],
    ]),
    ['becomes the owner', `SET ROLE ${OWNER_ROLE}`],
    ['becomes the migrator', `SET ROLE ${TEST_MIGRATOR}`],
    ['rewrites the audit log', `UPDATE core.audit_log SET actor = 'somebody else'`],
    ['deletes from the audit log', 'DELETE FROM core.audit_log'],
    ['empties the audit log', 'TRUNCATE core.audit_log'],
    ['drops the audit log', 'DROP TABLE core.audit_log'],
    ['overwrites a line of the audit log', `INSERT INTO core.audit_log (id, actor, action, target) SELECT id, 'x', 'x', 'x' FROM core.audit_log ON CONFLICT (id) DO UPDATE SET actor = 'x'`],
    ['writes the history of core', 'DELETE FROM core.migrations'],
    ['makes a table', 'CREATE TABLE core.mine (id integer)'],
    ['makes a temporary table', 'CREATE TEMP TABLE mine (id integer)'],
    ['makes a role', 'CREATE ROLE lodger_spy'],
  ])('%s: denied', async (_what, sql) => {
    expect(await homes.as(CONTROL_ROLE).attempt(sql)).toEqual(DENIED);
  });

  test('does its work: adds to the audit log, sees all shared rows, makes partitions', async () => {
    const control = homes.as(CONTROL_ROLE);
    expect(await control.attempt(`INSERT INTO core.audit_log (actor, action, target) VALUES ('a', 'b', 'c')`)).toMatchObject({ affected: 1 });
    expect(await control.rows('SELECT DISTINCT product_id FROM core.monitoring_events ORDER BY 1')).toEqual(HOMES.toSorted().map((product_id) => ({ product_id })));
    expect(await control.attempt('SELECT core.make_event_partitions(1, 1), monitoring.make_metric_partitions(1, 1)')).toMatchObject({ affected: 1 });
  });

  test.each([
    ['behind', 'SELECT core.make_event_partitions(100000, 1)'],
    ['ahead', 'SELECT monitoring.make_metric_partitions(1, 100000)'],
    ['kept', 'SELECT core.drop_event_partitions(0)'],
  ])('asks for a senseless number of days %s: refused', async (_what, sql) => {
    expect(await homes.as(CONTROL_ROLE).attempt(sql)).toEqual({ refused: '22023' });
  });
});

describe('nagaya_backup', () => {
  test('reads every row of every table of every schema', async () => {
    const tables = await look<{ table: string }>(`
      SELECT format('%I.%I', n.nspname, c.relname) AS table FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       WHERE n.nspname IN ('core', 'monitoring', 'coding_rule2', 'tea_house') AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1`);
    expect(tables.length).toBeGreaterThan(15);
    for (const { table } of tables) {
      const sql = `SELECT '${table}' AS table, count(*)::int AS rows FROM ${table}`;
      expect(await backup.rows(sql)).toEqual(await look(sql));
    }
  });

  test.each([
    ...[...Object.values(TABLE_OF), 'core.api_keys', 'core.monitoring_events'].flatMap((table) => [
      [`inserts into ${table}`, `INSERT INTO ${table} DEFAULT VALUES`],
      [`updates ${table}`, `UPDATE ${table} SET id = id`],
      [`deletes from ${table}`, `DELETE FROM ${table}`],
      [`truncates ${table}`, `TRUNCATE ${table}`],
    ]),
    ['becomes a product', 'SET ROLE coding_rule2'],
    ['becomes the owner', `SET ROLE ${OWNER_ROLE}`],
    ['makes a table', 'CREATE TABLE core.mine (id integer)'],
    ['makes partitions', 'SELECT core.make_event_partitions(1, 1)'],
  ])('%s: denied', async (_what, sql) => {
    expect(await backup.attempt(sql)).toEqual(DENIED);
  });

  test('is not opened by the secret that serving processes have', async () => {
    const configuration = { ...homes.database.configuration, backupSecret: homes.database.configuration.roleSecret };
    const url = (await openCluster(configuration, { purpose: 'visit' })).urlOf(BACKUP_ROLE);
    expect(await loginRefusal(url)).toBe('28P01');
  });
});

describe('the roles', () => {
  test.each(LOGINS)('%s logs in and has no right over the server', async (role) => {
    expect(
      await look(`SELECT rolcanlogin, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolreplication, rolbypassrls FROM pg_roles WHERE rolname = '${role}'`),
    ).toEqual([{ rolcanlogin: true, rolsuper: false, rolinherit: false, rolcreaterole: false, rolcreatedb: false, rolreplication: false, rolbypassrls: false }]);
  });

  test.each(LOGINS)('%s is a member of nothing and owns nothing', async (role) => {
    expect(await look(`SELECT roleid::regrole FROM pg_auth_members WHERE member = '${role}'::regrole`)).toEqual([]);
    expect(await look(`SELECT classid::regclass FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass AND refobjid = '${role}'::regrole AND deptype = 'o'`)).toEqual([]);
  });

  test('the owner does not log in', async () => {
    const url = new URL(urlOfDatabase(homes.database.name));
    url.username = OWNER_ROLE;
    expect(['28000', '28P01']).toContain(await loginRefusal(url.href));
    expect(await look(`SELECT rolcanlogin, rolsuper FROM pg_roles WHERE rolname = '${OWNER_ROLE}'`)).toEqual([{ rolcanlogin: false, rolsuper: false }]);
  });

  test('the migrator that made all of this is no superuser', async () => {
    const session = await RoleSession.open(migratorUrl(homes.database.name));
    const rows = await session.rows('SELECT current_user AS name, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user');
    await session.close();
    expect(homes.database.configuration.databaseAdminUrl).toBe(migratorUrl(homes.database.name));
    expect(rows).toEqual([{ name: TEST_MIGRATOR, rolsuper: false, rolbypassrls: false }]);
  });
});

describe('PUBLIC', () => {
  test('has no right on the database, and a role that is not Nagaya\'s does not get in', async () => {
    expect(await look(`SELECT acl.privilege_type FROM pg_database, aclexplode(datacl) acl WHERE datname = current_database() AND acl.grantee = 0`)).toEqual([]);
    const stranger = `${LODGER_PREFIX}stranger`;
    await asSuperuser('postgres', `CREATE ROLE ${quoteIdent(stranger)} LOGIN PASSWORD 'stranger'`);
    try {
      const url = new URL(urlOfDatabase(homes.database.name));
      url.username = stranger;
      url.password = 'stranger';
      expect(await loginRefusal(url.href)).toBe('42501');
    } finally {
      await asSuperuser('postgres', `DROP ROLE ${quoteIdent(stranger)}`);
    }
  });

  test('has no right on any schema of ours, nor on public', async () => {
    const rows = await look(`
      SELECT n.nspname, acl.privilege_type FROM pg_namespace n, aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) acl
       WHERE n.nspname IN ('public', 'extensions', 'core', 'monitoring', 'coding_rule2', 'tea_house') AND acl.grantee = 0`);
    expect(rows).toEqual([]);
  });

  test('may execute none of our functions, nor those that a migration makes later', async () => {
    const mayPublic = `SELECT p.proname FROM pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) acl
                        WHERE p.pronamespace IN ('core'::regnamespace, 'monitoring'::regnamespace, 'coding_rule2'::regnamespace) AND acl.grantee = 0`;
    expect(await look(mayPublic)).toEqual([]);
    await asSuperuser(homes.database.name, `SET ROLE ${OWNER_ROLE}`, `CREATE FUNCTION core.later() RETURNS integer LANGUAGE sql AS 'SELECT 1'`);
    expect(await look(mayPublic)).toEqual([]);
    expect(await homes.as('coding_rule2').attempt('SELECT core.later()')).toEqual(DENIED);
  });
});
