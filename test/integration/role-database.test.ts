import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readSlice, type Place } from '../../src/database/keyset.js';
import { dropOldPartitions, makePartitions } from '../../src/database/partitions.js';
import type { RoleDatabase } from '../../src/database/role-database.js';
import { MonitoringEvent } from '../../src/core/events/monitoring-event.entity.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let open: OpenTestDatabase;
let control: RoleDatabase;
let teaHouse: RoleDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  open = await openTestDatabase(database);
  control = open.databases.control;
  teaHouse = open.databases.product('tea_house');
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

describe("a role's database", () => {
  test('is that role, whichever way it is used', async () => {
    const sql = 'SELECT session_user AS session, current_user AS current';
    const roles = [await teaHouse.query(sql), await (await teaHouse.manager()).query<object[]>(sql), await teaHouse.transaction((tx) => tx.query<object[]>(sql))];
    expect(roles).toEqual(Array.from({ length: 3 }, () => [{ session: 'tea_house', current: 'tea_house' }]));
  });

  test('refuses a second statement behind a semicolon, with and without parameters', async () => {
    await expect(teaHouse.query('SELECT 1; SELECT 2')).rejects.toMatchObject({ code: '42601' });
    await expect(teaHouse.query('SELECT $1::int; SELECT 2', [1])).rejects.toMatchObject({ code: '42601' });
  });

  test('does not know a product that is not served', () => {
    expect(() => open.databases.product('nobody')).toThrow(expect.objectContaining({ code: 'not_found' }));
  });
});

describe('a unit of work', () => {
  const teas = () => teaHouse.query<{ name: string }>('SELECT name FROM teas ORDER BY name');

  test('commits all that was done in it with this role, or nothing', async () => {
    await teaHouse.unitOfWork(async () => {
      await teaHouse.query(`INSERT INTO teas (name) VALUES ('a')`);
      await teaHouse.transaction((tx) => tx.query(`INSERT INTO teas (name) VALUES ('b')`));
    });
    const failing = teaHouse.unitOfWork(async () => {
      await teaHouse.query(`INSERT INTO teas (name) VALUES ('c')`);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await teas()).toEqual([{ name: 'a' }, { name: 'b' }]);
  });

  test('refuses to wait for the connection of another role', async () => {
    await expect(teaHouse.unitOfWork(() => control.query('SELECT 1'))).rejects.toThrow(/must not wait/);
  });
});

describe('a snapshot', () => {
  const mark = `SET LOCAL application_name = 'in a snapshot'`;

  test('sees one state under its own settings, writes nothing, and leaves nothing behind on the connection', async () => {
    const now = `SELECT txid_current_snapshot()::text AS seen, current_setting('application_name') AS name, current_setting('transaction_read_only') AS reading`;
    type Now = { seen: string; name: string; reading: string };
    const [first, second] = await teaHouse.snapshot(mark, async (tx) => [(await tx.query<Now[]>(now))[0], (await tx.query<Now[]>(now))[0]]);
    expect(first).toMatchObject({ name: 'in a snapshot', reading: 'on' });
    expect(second?.seen).toBe(first?.seen);
    await expect(teaHouse.snapshot(mark, (tx) => tx.query(`INSERT INTO teas (name) VALUES ('never')`))).rejects.toMatchObject({ code: '25006' });
    for (let n = 0; n < 5; n++) expect((await teaHouse.query<Now>(now))[0]).toMatchObject({ name: 'nagaya:tea_house', reading: 'off' });
    expect(teaHouse.poolState()).toMatchObject({ active: 0, waiting: 0 });
  });

  test('is not to be had in the middle of a unit of work', async () => {
    await expect(teaHouse.unitOfWork(() => teaHouse.snapshot(mark, async () => {}))).rejects.toThrow(/no snapshot/);
  });
});

describe('a list', () => {
  test('walked slice by slice holds every row once, also where many share a time', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 25 }), fc.integer({ min: 1, max: 7 }), async (minutes, limit) => {
        const type = `walk-${Math.random()}`;
        await teaHouse.query(
          `INSERT INTO core.monitoring_events (product_id, event_type, event_data, timestamp)
           SELECT 'tea_house', $1, '{}', date_trunc('minute', now()) - make_interval(mins => m) + interval '1 microsecond' * m FROM unnest($2::int[]) m`,
          [type, minutes],
        );
        const seen: MonitoringEvent[] = [];
        for (let after: Place | undefined | null; after !== null; ) {
          const slice = await readSlice(await teaHouse.manager(), {
            entity: MonitoringEvent,
            where: (query) => query.where('row.eventType = :type', { type }),
            orderBy: 'row.timestamp',
            keyType: 'timestamptz',
            limit,
            after,
          });
          seen.push(...slice.items);
          after = slice.next;
        }
        expect(new Set(seen.map((event) => event.id)).size).toBe(minutes.length);
        const times = seen.map((event) => event.timestamp.getTime());
        expect(times).toEqual([...times].sort((a, b) => b - a));
      }),
      { numRuns: 15 },
    );
  });
});

describe('partitions', () => {
  const parts = (parent: string) =>
    control.query<{ name: string }>(`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = '${parent}'::regclass ORDER BY 1`);

  test.each(['core.monitoring_events', 'monitoring.performance_metrics'])('of %s reach thirty days behind and thirty-one ahead; making them again makes none', async (parent) => {
    const before = await parts(parent);
    expect(before).toHaveLength(62);
    await makePartitions(control);
    expect(await parts(parent)).toEqual(before);
    const [shut] = await control.query<{ forced: boolean; grants: string | null }>(
      `SELECT bool_and(relrowsecurity AND relforcerowsecurity) AS forced, max(array_to_string(array(SELECT grantee::regrole FROM aclexplode(relacl) WHERE grantee <> relowner), ',')) AS grants
         FROM pg_class WHERE oid IN (SELECT inhrelid FROM pg_inherits WHERE inhparent = '${parent}'::regclass)`,
    );
    // Backups read each partition by itself; nobody else may look into one but through its parent.
    expect(shut).toEqual({ forced: true, grants: 'nagaya_backup' });
  });

  test('older than the days that are kept are dropped, the others stay', async () => {
    await control.query('SELECT core.make_event_partitions(33, 0)');
    expect(await parts('core.monitoring_events')).toHaveLength(65);
    await dropOldPartitions(control);
    expect(await parts('core.monitoring_events')).toHaveLength(62);
  });

  test.each(['make_event_partitions(1, 1)', 'drop_event_partitions(1)'])('are not for a product to make or drop: %s', async (call) => {
    await expect(teaHouse.query(`SELECT core.${call}`)).rejects.toMatchObject({ code: '42501' });
  });
});
