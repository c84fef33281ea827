import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CONTROL_ROLE } from '../support/roles.js';
import { furnishHomes, HOMES, PAIRS, type Homes } from '../postgres/support/homes.js';
import { superuserRows } from '../postgres/support/superuser-rows.js';

const DENIED = { refused: '42501' };
const SHARED = ['core.monitoring_events', 'monitoring.performance_metrics', 'monitoring.worker_status'];
const INSERTS = {
  'core.monitoring_events': (productId: string) => `INSERT INTO core.monitoring_events (product_id, event_type, event_data) VALUES ('${productId}', 'forged', '{}')`,
  'monitoring.performance_metrics': (productId: string) => `INSERT INTO monitoring.performance_metrics (product_id, metric_type, metric_value) VALUES ('${productId}', 'forged', 1)`,
  'monitoring.worker_status': (productId: string) =>
    `INSERT INTO monitoring.worker_status (product_id, worker_id, worker_type, status) VALUES ('${productId}', 'w1', 'forged', 'idle')`,
};

let homes: Homes;
beforeAll(async () => {
  homes = await furnishHomes();
});
afterAll(() => homes.close());

const everything = <Row extends object>(sql: string): Promise<Row[]> => superuserRows<Row>(homes.database.name, sql);

describe.each(HOMES)('%s and what is the operators\'', (me) => {
  const tables = ['api_keys', 'products', 'jobs', 'audit_log', 'ai_systems'];
  const verbs = [
    ['reads', (table: string) => `SELECT * FROM core.${table}`],
    ['counts', (table: string) => `SELECT count(*) FROM core.${table}`],
    ['inserts', (table: string) => `INSERT INTO core.${table} DEFAULT VALUES`],
    ['updates', (table: string) => `UPDATE core.${table} SET ${table === 'jobs' ? 'name = name' : 'id = id'}`],
    ['deletes', (table: string) => `DELETE FROM core.${table}`],
    ['truncates', (table: string) => `TRUNCATE core.${table}`],
    ['locks', (table: string) => `BEGIN; LOCK TABLE core.${table} IN ACCESS SHARE MODE`],
  ] as const;
  const attempts = tables.flatMap((table) => verbs.map(([verb, sql]) => [`${verb} core.${table}`, sql(table)]));

  test.each([
    ...attempts,
    ['reads the history of core', 'SELECT * FROM core.migrations'],
    ['reads the history of monitoring', 'SELECT * FROM monitoring.migrations'],
    ['writes a common template', `INSERT INTO core.template_config (template_type, version, config_data) VALUES ('mine', '1', '{}')`],
    ['changes a common template', `UPDATE core.template_config SET config_data = '{}'`],
    ['deletes a common template', 'DELETE FROM core.template_config'],
    ['makes partitions of events', 'SELECT core.make_event_partitions(1, 1)'],
    ['drops partitions of events', 'SELECT core.drop_event_partitions(1)'],
    ['makes partitions of metrics', 'SELECT monitoring.make_metric_partitions(1, 1)'],
    ['drops partitions of metrics', 'SELECT monitoring.drop_metric_partitions(1)'],
    ['makes a table in core', 'CREATE TABLE core.mine (id integer)'],
    ['makes a table in monitoring', 'CREATE TABLE monitoring.mine (id integer)'],
  ])('%s: denied', async (_what, sql) => {
    expect(await homes.as(me).attempt(sql)).toEqual(DENIED);
  });

  test('reads common templates: the active ones alone', async () => {
    expect(await homes.as(me).attempt('SELECT version, is_active FROM core.template_config')).toEqual({
      rows: [{ version: '1', is_active: true }],
      affected: 1,
    });
  });
});

describe.each(PAIRS)('%s and the shared rows of %s', (me, other) => {
  test.each(SHARED)('%s: reads its own rows and no other', async (table) => {
    const seen = await homes.as(me).rows<{ product_id: string }>(`SELECT DISTINCT product_id FROM ${table}`);
    expect(seen).toEqual([{ product_id: me }]);
    expect(await homes.as(me).attempt(`SELECT FROM ${table} WHERE product_id = '${other}'`)).toMatchObject({ affected: 0 });
    expect(await everything(`SELECT FROM ${table} WHERE product_id = '${other}'`)).not.toHaveLength(0);
  });

  test.each(Object.entries(INSERTS))('%s: inserts in the name of the other: denied', async (_table, insert) => {
    expect(await homes.as(me).attempt(insert(other))).toEqual(DENIED);
  });

  test.each([
    ['changes events', `UPDATE core.monitoring_events SET event_type = 'forged'`],
    ['deletes events', 'DELETE FROM core.monitoring_events'],
    ['changes metrics', 'UPDATE monitoring.performance_metrics SET metric_value = 0'],
    ['deletes metrics', 'DELETE FROM monitoring.performance_metrics'],
    ['deletes workers', 'DELETE FROM monitoring.worker_status'],
    ['hands its worker over', `UPDATE monitoring.worker_status SET product_id = '${other}', worker_id = 'w2'`],
    ['overwrites by upsert', `${INSERTS['monitoring.worker_status'](other)} ON CONFLICT (product_id, worker_id) DO UPDATE SET status = 'forged'`],
    ['turns row security off', 'SET row_security = off; SELECT * FROM core.monitoring_events'],
    ['disables the policy', 'ALTER TABLE core.monitoring_events DISABLE ROW LEVEL SECURITY'],
    ['drops the policy', 'DROP POLICY product_rows ON core.monitoring_events'],
    ['adds a policy', `CREATE POLICY mine ON core.monitoring_events USING (true)`],
    ...SHARED.map((table) => [`truncates ${table}`, `TRUNCATE ${table}`]),
    ...[...SHARED, 'core.idempotency_records', 'core.template_config'].flatMap((table) => [
      [`locks everybody out of ${table}`, `BEGIN; LOCK TABLE ${table} IN ACCESS EXCLUSIVE MODE`],
      [`lets nobody write to ${table}`, `BEGIN; LOCK TABLE ${table} IN SHARE MODE`],
    ]),
    ['locks the rows of events', 'SELECT FROM core.monitoring_events FOR KEY SHARE'],
    ['locks the common templates', 'SELECT FROM core.template_config FOR SHARE'],
    ['changes the worker\'s id', `UPDATE monitoring.worker_status SET id = gen_random_uuid()`],
    ['changes whose record it is', `UPDATE core.idempotency_records SET product_id = '${other}'`],
    ['forges a record of a request', `INSERT INTO core.idempotency_records (product_id, api_key_id, request_key, body_hash) VALUES ('${other}', gen_random_uuid(), '', '')`],
    ['deletes records of requests', 'DELETE FROM core.idempotency_records'],
    ['indexes shared rows', 'CREATE INDEX ON core.monitoring_events (event_type)'],
    ['puts a trigger on shared rows', 'CREATE TRIGGER mine BEFORE INSERT ON core.monitoring_events FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()'],
    ['puts a rule on shared rows', 'CREATE RULE mine AS ON INSERT TO core.monitoring_events DO ALSO NOTHING'],
    ['makes a view with its own rights', `CREATE VIEW ${me}.mine AS SELECT * FROM core.monitoring_events`],
    ['makes a view without row security', `CREATE VIEW ${me}.mine WITH (security_invoker = false) AS SELECT * FROM monitoring.worker_status`],
    ['takes the shared table over', `ALTER TABLE core.monitoring_events OWNER TO ${me}`],
    ['joins a partition of its own', `ALTER TABLE core.monitoring_events ATTACH PARTITION ${me}.migrations DEFAULT`],
  ])('%s: denied', async (_what, sql) => {
    expect(await homes.as(me).attempt(sql)).toEqual(DENIED);
  });

  test("changes the other's worker: there is none for it, and it stays as it was", async () => {
    const look = `SELECT id, status, last_heartbeat FROM monitoring.worker_status WHERE product_id = '${other}'`;
    const before = await everything(look);
    const sql = `UPDATE monitoring.worker_status SET status = 'forged' WHERE product_id = '${other}' RETURNING id`;
    expect(await homes.as(me).attempt(sql)).toMatchObject({ affected: 0 });
    expect(await everything(look)).toEqual(before);
  });

  test.each([
    ['the unique key of a worker', 'w1', 'w-nobody-has'],
    ['the unique key of a worker, by upsert', "w1', 'x', 'busy') ON CONFLICT (product_id, worker_id) DO NOTHING --", "w-nobody-has', 'x', 'busy') ON CONFLICT (product_id, worker_id) DO NOTHING --"],
  ])('asks %s whether the other has one: both answers are the same', async (_what, there, notThere) => {
    const insert = (workerId: string): string => `INSERT INTO monitoring.worker_status (product_id, worker_id, worker_type, status) VALUES ('${other}', '${workerId}', 'x', 'idle')`;
    const [first, second] = [await homes.as(me).attempt(insert(there)), await homes.as(me).attempt(insert(notThere))];
    expect(first).toEqual(second);
    expect(first).toEqual(DENIED);
  });

  test('guesses at the other\'s rows by an error in a condition, a cast and a function: the policy comes first', async () => {
    for (const probe of [`(1 / (product_id <> '${other}')::int) = 1`, `(CASE product_id WHEN '${other}' THEN 'x' ELSE '1' END)::int = 1`, `length(repeat('x', CASE product_id WHEN '${other}' THEN -1 ELSE 1 END)) = 1`]) {
      for (const table of SHARED) expect(await homes.as(me).attempt(`SELECT FROM ${table} WHERE ${probe}`)).toMatchObject({ affected: 1 });
    }
  });

  test('compares plans: an estimate tells no more than its own rows', async () => {
    const plan = async (where: string): Promise<string> => JSON.stringify(await homes.as(me).attempt(`EXPLAIN (FORMAT json, COSTS off) SELECT FROM monitoring.worker_status WHERE ${where}`));
    expect(await plan(`status = 'busy'`)).toContain('product_id');
  });

  test('lets a division by zero tell of rows that it can\'t see: the policy comes first', async () => {
    const sql = `SELECT 1 / (product_id <> '${other}')::int AS one FROM core.monitoring_events`;
    expect(await homes.as(me).attempt(sql)).toMatchObject({ rows: [{ one: 1 }] });
  });

  test('sets what other systems keep the tenant in: it changes nothing', async () => {
    const sql = `SELECT set_config('app.current_tenant', '${other}', false), set_config('search_path', '${other}', false); SELECT DISTINCT product_id FROM core.monitoring_events`;
    expect(await homes.as(me).attempt(sql)).toMatchObject({ rows: [{ product_id: me }] });
  });
});

describe('a partition, reached directly', () => {
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '');
  const later = new Date(Date.now() + 45 * 86_400_000).toISOString().slice(0, 10).replaceAll('-', '');
  const partitions = [
    `core.monitoring_events_${today}`,
    `monitoring.performance_metrics_${today}`,
    // Made at run time, by nobody who could grant anything.
    `core.monitoring_events_${later}`,
    `monitoring.performance_metrics_${later}`,
  ];
  beforeAll(async () => {
    await homes.as(CONTROL_ROLE).rows('SELECT core.make_event_partitions(30, 45), monitoring.make_metric_partitions(30, 45)');
  });

  describe.each([...HOMES, CONTROL_ROLE])('%s', (me) => {
    test.each(
      partitions.flatMap((partition) => [
        [`reads ${partition}`, `SELECT * FROM ${partition}`],
        [`inserts into ${partition}`, `INSERT INTO ${partition} DEFAULT VALUES`],
        [`changes ${partition}`, `UPDATE ${partition} SET product_id = product_id`],
        [`deletes from ${partition}`, `DELETE FROM ${partition}`],
        [`truncates ${partition}`, `TRUNCATE ${partition}`],
        [`copies ${partition}`, `COPY ${partition} TO STDOUT`],
      ]),
    )('%s: denied', async (_what, sql) => {
      expect(await homes.as(me).attempt(sql)).toEqual(DENIED);
    });
  });

  test('all have forced row-level security and no grants, but that backups read them', async () => {
    const rows = await everything<{ name: string; forced: boolean; grants: number }>(`
      SELECT c.relname AS name, c.relrowsecurity AND c.relforcerowsecurity AS forced,
             (SELECT count(*)::int FROM aclexplode(c.relacl) acl WHERE acl.grantee <> c.relowner AND (acl.grantee::regrole::text, acl.privilege_type) <> ('nagaya_backup', 'SELECT')) AS grants
        FROM pg_class c WHERE c.relispartition AND c.relkind = 'r'`);
    expect(rows.length).toBeGreaterThan(150);
    expect(rows.filter((row) => !row.forced || row.grants > 0)).toEqual([]);
  });
});
