import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CONTROL_ROLE } from '../support/roles.js';
import { createTestDatabase, openTestDatabase } from '../support/database.js';
import { urlOfDatabase } from '../support/postgres-server.js';
import { startTestService, type TestService } from '../support/service.js';
import { furnishHomes, type Homes } from '../postgres/support/homes.js';
import { loginRefusal, RoleSession } from '../postgres/support/role-session.js';
import { superuserRows } from '../postgres/support/superuser-rows.js';
import { migrateWith } from '../postgres/support/lodging.js';
import { TEST_HOUSE } from '../support/test-house.js';

/** What an injected statement of one product leaves on the connection that it ran on, and whom that reaches. */
let nagaya: TestService;
beforeAll(async () => {
  nagaya = await startTestService({ poolMax: 1 });
});
afterAll(() => nagaya.stop());

const attacker = (sql: string): Promise<object[]> => nagaya.service.databases.product('coding_rule2').query(sql);
const neighbour = <Row extends object>(sql: string): Promise<Row[]> => nagaya.service.databases.product('tea_house').query<Row>(sql);

/** Where the product has one connection, its next request gets the very same one; the neighbour's is another. */
describe('what one product leaves behind on its connection does not reach another', () => {
  test.each([
    ['a prepared statement', 'PREPARE mine AS SELECT 1', `SELECT count(*)::int AS found FROM pg_prepared_statements WHERE name = 'mine'`, 0],
    ['a cursor held open', 'DECLARE mine CURSOR WITH HOLD FOR SELECT 1', `SELECT count(*)::int AS found FROM pg_cursors WHERE name = 'mine'`, 0],
    ['another search path', `SELECT set_config('search_path', 'coding_rule2', false)`, `SELECT (current_setting('search_path') LIKE 'coding_rule2%')::int AS found`, 0],
    ['no statement time-out', 'SET statement_timeout = 0', `SELECT (current_setting('statement_timeout') = '0')::int AS found`, 0],
    ['a setting of its own', `SELECT set_config('app.tenant', 'coding_rule2', false)`, `SELECT (current_setting('app.tenant', true) = 'coding_rule2')::int AS found`, null],
    ['an ear for notifications', 'LISTEN everything', 'SELECT count(*)::int AS found FROM pg_listening_channels()', 0],
    ['a session that only reads', 'SET default_transaction_read_only = on', `SELECT (current_setting('transaction_read_only') = 'on')::int AS found`, 0],
  ])('%s', async (_what, leave, look, expected) => {
    await attacker(leave);
    expect(await neighbour(look)).toEqual([{ found: expected }]);
    // Wherever the settings may have gone, the neighbour is served as before.
    expect((await nagaya.request('GET', '/v1/products/tea_house/teas', { key: nagaya.keys.teaHouse })).status).toBe(200);
  });

  test('a transaction left open: its connection is closed, and the next request does not find itself inside it', async () => {
    const database = nagaya.service.databases.product('coding_rule2');
    await database.query('SET default_transaction_read_only = off');
    const before = await database.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    await database.query('BEGIN');
    const after = await database.query<{ pid: number; inTransaction: boolean }>('SELECT pg_backend_pid() AS pid');
    expect(after).not.toEqual(before);
  });

  test('a shout by NOTIFY: nobody of the service listens', async () => {
    await attacker(`NOTIFY nagaya, 'stop'`);
    expect(await nagaya.service.databases.control.query('SELECT * FROM pg_listening_channels()')).toEqual([]);
  });
});

describe('locks that a product may take', () => {
  let homes: Homes;
  beforeAll(async () => {
    homes = await furnishHomes();
  });
  afterAll(() => homes.close());

  test('advisory locks by the thousand: jobs are claimed by rows and run all the same', async () => {
    await homes.as('coding_rule2').rows('SELECT count(pg_advisory_lock(n)) FROM generate_series(1, 1000) n');
    await homes.as(CONTROL_ROLE).rows(`INSERT INTO core.jobs (name) VALUES ('locked')`);
    const claimed = await homes.as(CONTROL_ROLE).rows(`UPDATE core.jobs SET attempt = attempt + 1 WHERE name = 'locked' AND next_run_at <= clock_timestamp() RETURNING attempt`);
    expect(claimed).toEqual([{ attempt: '1' }]);
    // Those of the migrator are of another kind: two keys, the first of which is Nagaya's.
    expect((await migrateWith(homes.database.configuration, TEST_HOUSE)).schemas.filter((outcome) => outcome.error !== undefined)).toEqual([]);
    await homes.as('coding_rule2').rows('SELECT pg_advisory_unlock_all()');
  });

  test('a transaction left open on shared rows: neighbours write on', async () => {
    const session = homes.as('coding_rule2');
    await session.rows('BEGIN');
    await session.rows(`INSERT INTO core.monitoring_events (product_id, event_type, event_data) VALUES ('coding_rule2', 'open', '{}')`);
    await session.rows('SELECT FROM monitoring.worker_status FOR UPDATE');
    const written = await homes.as('tea_house').attempt(`INSERT INTO core.monitoring_events (product_id, event_type, event_data) VALUES ('tea_house', 'free', '{}')`);
    const beaten = await homes.as('tea_house').attempt(`UPDATE monitoring.worker_status SET status = 'idle'`);
    await session.rows('ROLLBACK');
    expect([written, beaten]).toMatchObject([{ affected: 1 }, { affected: 1 }]);
  });
});

describe('other databases of the server', () => {
  test('a database of Nagaya\'s that has other products: refused at the door', async () => {
    const other = await createTestDatabase();
    const open = await openTestDatabase(other);
    try {
      await superuserRows(other.name, `REVOKE CONNECT ON DATABASE "${other.name}" FROM tea_house`);
      const url = new URL(open.cluster.urlOf('tea_house'));
      expect(await loginRefusal(url.href)).toBe('42501');
    } finally {
      await open.close();
      await other.drop();
    }
  });

  test('a database that lets everybody in: nothing can be made there, and nothing of ours is in it', async () => {
    const url = new URL(nagaya.service.cluster.urlOf('coding_rule2'));
    url.pathname = new URL(urlOfDatabase('postgres')).pathname;
    const session = await RoleSession.open(url.href);
    try {
      for (const sql of ['CREATE TABLE public.mine (id integer)', 'CREATE SCHEMA mine', 'CREATE EXTENSION dblink', 'SELECT * FROM pg_authid', 'CREATE DATABASE mine']) {
        expect({ sql, ...(await session.attempt(sql)) }).toEqual({ sql, refused: '42501' });
      }
      expect(await session.attempt(`SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname IN ('core', 'coding_rule2')`)).toMatchObject({ affected: 0 });
    } finally {
      await session.close();
    }
  });

  test('settings that would make another of it at each login: it stays who it is', async () => {
    const url = nagaya.service.cluster.urlOf('coding_rule2');
    const first = await RoleSession.open(url);
    await first.attempt(`ALTER ROLE coding_rule2 IN DATABASE "${nagaya.database.name}" SET role = 'tea_house'; ALTER ROLE coding_rule2 IN DATABASE "${nagaya.database.name}" SET session_authorization = 'tea_house'`);
    const second = await RoleSession.open(url);
    expect(await second.rows('SELECT session_user, current_user')).toEqual([{ session_user: 'coding_rule2', current_user: 'coding_rule2' }]);
    await second.close();
    await first.close();
  });
});
