import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GROUND_RULES, inspectAccess, TABLE_RULES } from '../../src/database/access/repair.js';
import { withAdmin } from '../../src/database/admin-connection.js';
import { openCluster, requireAdminUrl } from '../../src/database/cluster.js';
import { planAccess, type House, type MigrationReport } from '../../src/database/migrator.js';
import { houseOf } from '../../src/house.js';
import { PRODUCTS } from '../../src/products/index.js';
import { TEST_SECRET } from '../support/engine.js';
import { createEmptyDatabase, dropDatabase, migratorUrl } from '../support/postgres-server.js';
import { nagaya, type Ended } from '../support/process.js';
import { configurationOfServer } from '../support/template.js';
import { waitingIn, whileLocked } from './support/backends.js';
import { dropLodgers, houseWith, migrateWith } from './support/lodging.js';
import { newLodger } from './support/lodger/lodger.js';
import { loginRefusal } from './support/role-session.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

const AT_ONCE = 20;

async function errorFindings(database: string, house: House): Promise<unknown[]> {
  const configuration = configurationOfServer(migratorUrl(database));
  const cluster = await openCluster(configuration, { purpose: 'visit' });
  const findings = await withAdmin(requireAdminUrl(cluster), async (admin) =>
    inspectAccess(admin, await planAccess(admin, cluster, house, configuration.roleConnectionLimit), [...GROUND_RULES, ...TABLE_RULES]),
  );
  return findings.filter((finding) => finding.severity === 'error');
}

/** Each schema's history, oldest first. */
async function histories(database: string, house: House): Promise<Record<string, string[]>> {
  const entries: [string, string[]][] = [];
  for (const { id } of [...house.shared, ...house.products]) {
    const rows = await superuserRows<{ name: string }>(database, `SELECT name FROM ${id}.migrations ORDER BY id`);
    entries.push([id, rows.map((row) => row.name)]);
  }
  return Object.fromEntries(entries);
}

describe(`${AT_ONCE} processes migrate one empty database at the same moment`, () => {
  const database = `nagaya_test_${randomUUID().slice(0, 8)}`;
  const house = houseOf(PRODUCTS);
  let processes: Ended[];

  beforeAll(async () => {
    await createEmptyDatabase(database);
    const environment = { DATABASE_URL: migratorUrl(database), NAGAYA_ROLE_SECRET: TEST_SECRET };
    // Nobody's first question is answered before everybody has asked it: processes start one after the other.
    const running = await whileLocked(database, 'pg_catalog.pg_extension', async () => {
      let ended = 0;
      const migrating = Array.from({ length: AT_ONCE }, () => nagaya(['migrate', '--json'], environment).finally(() => ended++));
      // One that has ended already has failed; it is the tests that say how.
      await until(async () => (await waitingIn(database)) + ended >= AT_ONCE);
      return { migrating };
    });
    processes = await Promise.all(running.migrating);
  }, 240_000);
  afterAll(() => dropDatabase(database));

  test('all of them succeed', () => {
    expect(processes.map(({ status, stderr }) => ({ status, stderr }))).toEqual(processes.map(() => ({ status: 0, stderr: '' })));
  });

  test('each migration is applied once, by one of them', async () => {
    const applied = processes.flatMap(({ stdout }) => (JSON.parse(stdout) as { schemas: { schema: string; applied: string[] }[] }).schemas);
    for (const [schema, names] of Object.entries(await histories(database, house))) {
      expect(new Set(names).size).toBe(names.length);
      expect(names.length).toBeGreaterThan(0);
      expect(applied.filter((outcome) => outcome.schema === schema).flatMap((outcome) => outcome.applied)).toEqual(names);
    }
  });

  test('roles, grants and policies are as they should be', async () => {
    expect(await errorFindings(database, house)).toEqual([]);
  });

  test('products and partitions are there', async () => {
    expect(await superuserRows(database, 'SELECT id FROM core.products')).toEqual(PRODUCTS.map(({ id }) => ({ id })));
    const [partitions] = await superuserRows<{ events: number; metrics: number }>(
      database,
      `SELECT count(*) FILTER (WHERE inhparent = 'core.monitoring_events'::regclass AND relkind = 'r')::int AS events,
              count(*) FILTER (WHERE inhparent = 'monitoring.performance_metrics'::regclass AND relkind = 'r')::int AS metrics
         FROM pg_inherits JOIN pg_class ON oid = inhrelid`,
    );
    expect(partitions).toEqual({ events: 62, metrics: 62 });
  });
});

describe(`${AT_ONCE} migrations at the same moment, over databases that share roles which are new to the server`, () => {
  // The lock that keeps migrations apart is a database's; roles are the server's.
  const databases = Array.from({ length: 4 }, () => `nagaya_test_${randomUUID().slice(0, 8)}`);
  const lodgers = [newLodger(), newLodger()];
  const house = houseWith(lodgers);

  const migrateIn = (database: string): Promise<MigrationReport> => migrateWith(configurationOfServer(migratorUrl(database)), house);

  beforeAll(async () => {
    for (const database of databases) await createEmptyDatabase(database);
  });
  afterAll(async () => {
    for (const database of databases) await dropDatabase(database);
    await dropLodgers(lodgers);
  });

  test('all of them succeed, and both roles log in everywhere', async () => {
    const reports = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => migrateIn(databases[index % databases.length] ?? '')));
    expect(reports.flatMap((report) => report.schemas).filter((outcome) => outcome.error !== undefined)).toEqual([]);
    for (const database of databases) {
      expect(await errorFindings(database, house)).toEqual([]);
      const cluster = await openCluster(configurationOfServer(migratorUrl(database)), { purpose: 'visit' });
      for (const { id } of lodgers) expect(await loginRefusal(cluster.urlOf(id))).toBeUndefined();
    }
  });

  test('once more changes nothing', async () => {
    const [database = ''] = databases;
    const before = await histories(database, house);
    const report = await migrateIn(database);
    expect(report.schemas.flatMap((outcome) => outcome.applied)).toEqual([]);
    expect(await histories(database, house)).toEqual(before);
  });
});
