import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { GROUND_RULES, inspectAccess, TABLE_RULES } from '../../src/database/access/repair.js';
import type { Finding } from '../../src/database/access/finding.js';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { migrate, planAccess } from '../../src/database/migrator.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { OWNER_ROLE } from '../support/roles.js';

let database: TestDatabase;
let open: OpenTestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  open = await openTestDatabase(database);
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

const LIMIT = 60;

async function errors(): Promise<Finding[]> {
  const findings = await withAdmin(requireAdminUrl(open.cluster), async (admin) =>
    inspectAccess(admin, await planAccess(admin, open.cluster, TEST_HOUSE, LIMIT), [...GROUND_RULES, ...TABLE_RULES]),
  );
  return findings.filter((finding) => finding.severity === 'error');
}

async function asOwner(...statements: string[]): Promise<void> {
  await withAdmin(requireAdminUrl(open.cluster), (admin) =>
    admin.asOwner(OWNER_ROLE, async () => {
      for (const statement of statements) await admin.query(statement);
    }),
  );
}

async function asMigrator(statement: string): Promise<void> {
  await withAdmin(requireAdminUrl(open.cluster), (admin) => admin.query(statement));
}

const currentDatabase = async (): Promise<string> => {
  const [row] = await withAdmin(requireAdminUrl(open.cluster), (admin) => admin.query<{ name: string }>('SELECT current_database() AS name'));
  return row?.name ?? '';
};

/** What somebody with the owner's rights may have done by hand, and the one rule that must notice it. */
const BREAKS: readonly (readonly [what: string, rule: string, ...statements: string[]])[] = [
  ['a grant too few', 'grant-missing', 'REVOKE INSERT ON core.monitoring_events FROM tea_house'],
  ['a grant too many', 'grant-excess', 'GRANT SELECT ON core.api_keys TO tea_house'],
  ['a grant on a column', 'grant-excess', 'GRANT SELECT (key_hash) ON core.api_keys TO tea_house'],
  ['the right to change a whole shared table', 'grant-excess', 'GRANT UPDATE ON monitoring.worker_status TO tea_house'],
  ['a grant to everybody', 'grant-excess', 'GRANT SELECT ON tea_house.teas TO PUBLIC'],
  ["a neighbour's grant", 'grant-excess', 'GRANT SELECT ON coding_rule2.mistake_patterns TO tea_house'],
  ['a look into a neighbour', 'schema-privilege', 'GRANT USAGE ON SCHEMA coding_rule2 TO tea_house'],
  ['a schema shut to its product', 'schema-usage-missing', 'REVOKE USAGE ON SCHEMA tea_house FROM tea_house'],
  ['the right to create', 'schema-privilege', 'GRANT CREATE ON SCHEMA tea_house TO tea_house'],
  ['row security not forced', 'row-security-not-forced', 'ALTER TABLE monitoring.worker_status NO FORCE ROW LEVEL SECURITY'],
  ['row security off', 'row-security-off', 'ALTER TABLE monitoring.worker_status DISABLE ROW LEVEL SECURITY'],
  ['a policy dropped', 'policy-missing', 'DROP POLICY product_rows ON core.monitoring_events'],
  ['a policy widened', 'policy-changed', 'ALTER POLICY product_rows ON core.monitoring_events USING (true)'],
  ['a policy for one more role', 'policy-changed', 'ALTER POLICY control_rows ON core.monitoring_events TO nagaya_control, tea_house'],
  ['a policy added', 'policy-unknown', 'CREATE POLICY everything ON core.monitoring_events TO tea_house USING (true)'],
  ['a function open to everybody', 'function-execute-excess', 'GRANT EXECUTE ON FUNCTION core.drop_event_partitions(integer) TO PUBLIC'],
  ['a function shut to its caller', 'function-execute-missing', 'REVOKE EXECUTE ON FUNCTION core.make_event_partitions(integer, integer) FROM nagaya_control'],
  ['a definer function that callers can bend', 'definer-search-path', 'ALTER FUNCTION core.drop_event_partitions(integer) RESET search_path'],
];

describe('access', () => {
  test('is what the manifests say on a migrated database', async () => {
    expect(await errors()).toEqual([]);
  });

  test.each(BREAKS)('%s is found as %s, and migrate mends it', async (_what, rule, ...statements) => {
    await asOwner(...statements);
    expect(new Set((await errors()).map((finding) => finding.rule))).toEqual(new Set([rule]));
    await migrate(open.cluster, TEST_HOUSE, { roleConnectionLimit: LIMIT });
    expect(await errors()).toEqual([]);
  });

  test('a partition that was opened by hand is shut again', async () => {
    const [part] = await withAdmin(requireAdminUrl(open.cluster), (admin) =>
      admin.query<{ name: string }>(`SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'core.monitoring_events'::regclass LIMIT 1`),
    );
    await asOwner(`GRANT SELECT ON ${part?.name} TO tea_house`, `ALTER TABLE ${part?.name} DISABLE ROW LEVEL SECURITY`);
    expect((await errors()).map((finding) => finding.rule).sort()).toEqual(['grant-excess', 'row-security-off']);
    await migrate(open.cluster, TEST_HOUSE, { roleConnectionLimit: LIMIT });
    expect(await errors()).toEqual([]);
  });

  test('settings that a role changed on itself are put back', async () => {
    const name = await currentDatabase();
    await asMigrator(`ALTER ROLE tea_house IN DATABASE "${name}" SET search_path = public`);
    await asMigrator(`ALTER ROLE tea_house IN DATABASE "${name}" SET work_mem = '64MB'`);
    expect((await errors()).map((finding) => finding.rule).sort()).toEqual(['role-setting', 'role-setting-unknown']);
    await migrate(open.cluster, TEST_HOUSE, { roleConnectionLimit: LIMIT });
    expect(await errors()).toEqual([]);
  });

  test('a table that no manifest names is shut to everybody', async () => {
    await asOwner('CREATE TABLE core.forgotten (id int)', 'GRANT SELECT ON core.forgotten TO nagaya_control, tea_house');
    await migrate(open.cluster, TEST_HOUSE, { roleConnectionLimit: LIMIT });
    const [row] = await withAdmin(requireAdminUrl(open.cluster), (admin) =>
      admin.query<{ control: boolean; product: boolean; forced: boolean }>(
        `SELECT has_table_privilege('nagaya_control', oid, 'SELECT') AS control, has_table_privilege('tea_house', oid, 'SELECT') AS product,
                relforcerowsecurity AS forced FROM pg_class WHERE oid = 'core.forgotten'::regclass`,
      ),
    );
    expect(row).toEqual({ control: false, product: false, forced: true });
    await asOwner('DROP TABLE core.forgotten');
  });
});
