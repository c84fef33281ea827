import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let open: OpenTestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  open = await openTestDatabase(database);
  // Ten more than the migrator has made: partitions of a serving process's own making.
  await open.databases.control.query('SELECT core.make_event_partitions(30, 40), monitoring.make_metric_partitions(30, 40)');
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

const PARENTS = [
  ['core.monitoring_events', `INSERT INTO core.monitoring_events (product_id, event_type, event_data, timestamp) VALUES ($1, 't', '{}', $2)`],
  ['monitoring.performance_metrics', `INSERT INTO monitoring.performance_metrics (product_id, metric_type, metric_value, timestamp) VALUES ($1, 't', 1, $2)`],
] as const;

describe.each(PARENTS)('the partitions of %s', (parent, insert) => {
  const day = (days: number) => new Date(Date.now() + days * 86_400_000);
  const partitionOf = (time: Date) => `${parent}_${time.toISOString().slice(0, 10).replaceAll('-', '')}`;

  test.each([0, 39])('%d days ahead are shut to every login but through the parent, where each product finds its own rows', async (days) => {
    const time = day(days);
    const [codingRule2, teaHouse] = [open.databases.product('coding_rule2'), open.databases.product('tea_house')];
    await codingRule2.query(insert, ['coding_rule2', time]);
    await teaHouse.query(insert, ['tea_house', time]);
    await expect(teaHouse.query(insert, ['coding_rule2', time])).rejects.toMatchObject({ code: '42501' });

    for (const login of [codingRule2, teaHouse, open.databases.control]) {
      const partition = partitionOf(time);
      for (const sql of [`SELECT 1 FROM ${partition}`, `DELETE FROM ${partition}`, `UPDATE ${partition} SET product_id = 'x'`]) {
        await expect(login.query(sql)).rejects.toMatchObject({ code: '42501' });
      }
      await expect(login.query(insert.replace(parent, partition), [login.role, time])).rejects.toMatchObject({ code: '42501' });
    }
    for (const login of [codingRule2, teaHouse]) {
      const rows = await login.query(`SELECT product_id, tableoid::regclass::text AS place FROM ${parent} WHERE timestamp = $1`, [time]);
      expect(rows).toEqual([{ product_id: login.role, place: expect.stringContaining(partitionOf(time).split('.')[1] ?? '') }]);
    }
  });

  test('all have forced row-level security; a policy and a grant let backups read them, and nobody else', async () => {
    await open.databases.control.query('SELECT core.open_partitions_to_backup()');
    const rows = await open.databases.control.query<object>(
      `SELECT count(*)::int AS partitions, bool_and(c.relrowsecurity AND c.relforcerowsecurity) AS forced,
              bool_and(ARRAY(SELECT p.polname::text || p.polcmd::text || p.polroles::regrole[]::text FROM pg_policy p WHERE p.polrelid = c.oid)
                       = ARRAY['backup_rowsr{nagaya_backup}']) AS policies,
              bool_and(ARRAY(SELECT a.grantee::regrole::text || ' ' || a.privilege_type FROM aclexplode(c.relacl) a WHERE a.grantee <> c.relowner)
                       = ARRAY['nagaya_backup SELECT']) AS grants
         FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = $1::regclass`,
      [parent],
    );
    expect(rows).toMatchObject([{ forced: true, policies: true, grants: true }]);
  });
});
