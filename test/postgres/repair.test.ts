import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import type { Finding } from '../../src/database/access/finding.js';
import { GROUND_RULES, inspectAccess, TABLE_RULES } from '../../src/database/access/repair.js';
import { openCluster, requireAdminUrl } from '../../src/database/cluster.js';
import { planAccess } from '../../src/database/migrator.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { asSuperuser, urlOfDatabase } from '../support/postgres-server.js';
import { newLodger } from './support/lodger/lodger.js';
import { dropLodgers, houseWith, migrateWith } from './support/lodging.js';

const lodger = newLodger();
const house = houseWith([lodger]);

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await migrateWith(database.configuration, house);
});
afterAll(async () => {
  await database.drop();
  await dropLodgers([lodger]);
});

/** What departs from the manifests and voids isolation or service. */
async function errors(): Promise<Finding[]> {
  const cluster = await openCluster(database.configuration, { purpose: 'visit' });
  const findings = await withAdmin(requireAdminUrl(cluster), async (admin) =>
    inspectAccess(admin, await planAccess(admin, cluster, house, database.configuration.roleConnectionLimit), [...GROUND_RULES, ...TABLE_RULES]),
  );
  return findings.filter((finding) => finding.severity === 'error');
}

/** Each a door that somebody opened by hand, and the rule that sees it. */
const DOORS = [
  ['a schema to a neighbour', 'schema-privilege', `GRANT USAGE ON SCHEMA tea_house TO ${lodger.id}`],
  ['a schema to build in', 'schema-privilege', `GRANT CREATE ON SCHEMA ${lodger.id} TO ${lodger.id}`],
  ['a table to a neighbour', 'grant-excess', `GRANT SELECT ON tea_house.teas TO ${lodger.id}`],
  ['a column to everybody', 'grant-excess', 'GRANT SELECT (name) ON tea_house.teas TO PUBLIC'],
  ['the keys to a product', 'grant-excess', `GRANT SELECT ON core.api_keys TO ${lodger.id}`],
  ['the history to its product', 'grant-excess', `GRANT UPDATE ON ${lodger.id}.migrations TO ${lodger.id}`],
  ['the audit log to the control role', 'grant-excess', 'GRANT DELETE ON core.audit_log TO nagaya_control'],
  ['the database to everybody', 'database-privilege', 'GRANT TEMPORARY ON DATABASE DATABASE_NAME TO PUBLIC'],
  ['public to everybody', 'public-schema-privilege', 'GRANT CREATE ON SCHEMA public TO PUBLIC'],
  ['a function to everybody', 'function-execute-excess', 'GRANT EXECUTE ON FUNCTION core.drop_event_partitions(integer) TO PUBLIC'],
  ['every function to come', 'function-defaults', 'ALTER DEFAULT PRIVILEGES FOR ROLE nagaya_owner GRANT EXECUTE ON FUNCTIONS TO PUBLIC'],
  ['a search path that callers bend', 'definer-search-path', 'ALTER FUNCTION core.make_event_partitions(integer, integer) RESET search_path'],
  ['row-level security, switched off', 'row-security-off', 'ALTER TABLE core.monitoring_events DISABLE ROW LEVEL SECURITY'],
  ['row-level security, not for the owner', 'row-security-not-forced', 'ALTER TABLE monitoring.worker_status NO FORCE ROW LEVEL SECURITY'],
  ['a policy that lets all through', 'policy-unknown', 'CREATE POLICY everything ON core.monitoring_events USING (true)'],
  ['the policy, loosened', 'policy-changed', 'ALTER POLICY product_rows ON monitoring.worker_status USING (true)'],
  ['the policy, turned round', 'policy-changed', `ALTER POLICY product_rows ON monitoring.worker_status USING (product_id <> (SELECT current_user::text COLLATE "default"))`],
  ['the policy, gone', 'policy-missing', 'DROP POLICY product_rows ON monitoring.performance_metrics'],
  ['a role that inherits', 'role-inherits', `ALTER ROLE ${lodger.id} INHERIT`],
  ['a role that makes roles', 'role-creates-roles', `ALTER ROLE ${lodger.id} CREATEROLE`],
  ['a role with other settings', 'role-setting', `ALTER ROLE ${lodger.id} IN DATABASE DATABASE_NAME SET statement_timeout = 0`],
] as const;

/** Doors that a migrator without superuser's rights is not allowed to shut, and what shuts them. */
const HEAVY_DOORS = [
  ['a table that changed hands', `ALTER TABLE ${lodger.id}.visits OWNER TO ${lodger.id}`, `ALTER TABLE "${lodger.id}"."visits" OWNER TO "nagaya_owner"`],
  ['a role that makes databases', `ALTER ROLE ${lodger.id} CREATEDB`, `ALTER ROLE "${lodger.id}" NOCREATEDB`],
  ['a role above row-level security', `ALTER ROLE ${lodger.id} BYPASSRLS`, `ALTER ROLE "${lodger.id}" NOBYPASSRLS`],
  ['a role that is a superuser', `ALTER ROLE ${lodger.id} SUPERUSER`, `ALTER ROLE "${lodger.id}" NOSUPERUSER`],
  ['a role that joined another', `GRANT pg_read_all_data TO ${lodger.id}`, `REVOKE "pg_read_all_data" FROM "${lodger.id}"`],
] as const;

describe('what somebody has opened by hand', () => {
  test('is nothing at first', async () => {
    expect(await errors()).toEqual([]);
  });

  test.each(DOORS)('%s: found (%s), and shut by the next migration', async (_what, rule, sql) => {
    await asSuperuser(database.name, sql.replace('DATABASE_NAME', `"${database.name}"`));
    const found = await errors();
    expect([...new Set(found.map((finding) => finding.rule))]).toEqual([expect.stringContaining(rule)]);
    await migrateWith(database.configuration, house);
    expect(await errors()).toEqual([]);
  });

  test.each(HEAVY_DOORS)('%s: told with the statement that mends it, and shut by a superuser\'s migration', async (_what, sql, mend) => {
    await asSuperuser(database.name, sql);
    // The lodger's failure alone: the others are looked after as ever.
    const { schemas } = await migrateWith(database.configuration, house);
    expect(schemas.filter((outcome) => outcome.error !== undefined)).toEqual([
      { schema: lodger.id, applied: [], error: expect.objectContaining({ code: 'conflict', message: expect.stringContaining(mend) }) },
    ]);
    const url = urlOfDatabase(database.name);
    await migrateWith({ ...database.configuration, databaseUrl: url, databaseAdminUrl: url }, house);
    expect(await errors()).toEqual([]);
  });
});
