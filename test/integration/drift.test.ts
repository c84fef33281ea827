import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAdmin } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import type { DriftReport } from '../../src/database/drift/compare.js';
import { inspectDrift } from '../../src/database/drift/inspect-drift.js';
import { readHistories } from '../../src/database/migrations/history.js';
import { planAccess } from '../../src/database/migrator.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { OWNER_ROLE } from '../support/roles.js';

const MANIFESTS = [...TEST_HOUSE.shared, ...TEST_HOUSE.products];
const INDEX = 'CREATE INDEX conversation_context_session_id_created_at_idx ON coding_rule2.conversation_context (session_id, created_at, id)';

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

const asOwner = (...statements: string[]): Promise<void> =>
  withAdmin(requireAdminUrl(open.cluster), (admin) => admin.asOwner(OWNER_ROLE, async () => void (await admin.query(statements.join(';\n')))));

async function drift(): Promise<Record<string, DriftReport>> {
  const reports = await withAdmin(requireAdminUrl(open.cluster), async (admin) => {
    const histories = await readHistories(admin, MANIFESTS.map(({ id }) => id), OWNER_ROLE);
    return inspectDrift(admin, await planAccess(admin, open.cluster, TEST_HOUSE, 60), MANIFESTS, histories);
  });
  return Object.fromEntries(reports.map((report) => [report.schema, report]));
}

/** What is reported of one schema while something is changed there, and again when it is put back. */
async function whileChanged(schema: string, change: string[], putBack: string[]): Promise<{ during: DriftReport | undefined; after: DriftReport | undefined }> {
  await asOwner(...change);
  const during = (await drift())[schema];
  await asOwner(...putBack);
  return { during, after: (await drift())[schema] };
}

const named = (report: DriftReport | undefined): string[] => (report?.differences ?? []).map(({ object, change }) => `${change} ${object}`);

test("the committed fingerprints are what this release's migrations make; if not, run: npm run migrations:fingerprint", async () => {
  const reports = await drift();
  for (const schema of ['core', 'monitoring', 'coding_rule2']) expect(reports[schema]).toMatchObject({ state: 'in_step', differences: [] });
  // A product without a fingerprint is no alarm, and it says how to get one.
  expect(reports['tea_house']).toMatchObject({ state: 'unknown', reason: expect.stringContaining('npm run migrations:fingerprint') });
});

describe('what somebody changes by hand is named, object by object, and called tampered', () => {
  test.each([
    ['a column more', 'coding_rule2', ['ALTER TABLE coding_rule2.mistake_patterns ADD COLUMN sneaky integer'], ['ALTER TABLE coding_rule2.mistake_patterns DROP COLUMN sneaky'], ['unexpected column mistake_patterns.sneaky']],
    ['an index less', 'coding_rule2', ['DROP INDEX coding_rule2.conversation_context_session_id_created_at_idx'], [INDEX], ['missing index conversation_context_session_id_created_at_idx']],
    ['another type', 'core', ['ALTER TABLE core.jobs ALTER COLUMN name TYPE varchar(50)'], ['ALTER TABLE core.jobs ALTER COLUMN name TYPE varchar(100)'], ['changed column jobs.name']],
    ['another default', 'core', ["ALTER TABLE core.products ALTER COLUMN status SET DEFAULT 'suspended'"], ["ALTER TABLE core.products ALTER COLUMN status SET DEFAULT 'active'"], ['changed column products.status']],
    ['a constraint less', 'monitoring', ['ALTER TABLE monitoring.worker_status DROP CONSTRAINT worker_status_product_id_worker_id_key'], ['ALTER TABLE monitoring.worker_status ADD CONSTRAINT worker_status_product_id_worker_id_key UNIQUE (product_id, worker_id)'], ['missing constraint worker_status.worker_status_product_id_worker_id_key']],
    ['a function more', 'core', ['CREATE FUNCTION core.backdoor() RETURNS integer LANGUAGE sql AS $$ SELECT 1 $$'], ['DROP FUNCTION core.backdoor()'], ['unexpected function backdoor()']],
    ['a policy on a product\'s table', 'coding_rule2', ['CREATE POLICY hidden ON coding_rule2.mistake_patterns USING (false)'], ['DROP POLICY hidden ON coding_rule2.mistake_patterns'], ['unexpected policy mistake_patterns.hidden']],
    ['a policy on a shared table', 'core', ['CREATE POLICY hidden ON core.products USING (true)'], ['DROP POLICY hidden ON core.products'], ['changed access policy-unknown']],
    ['a grant more', 'core', ['GRANT DELETE ON core.audit_log TO nagaya_control'], ['REVOKE DELETE ON core.audit_log FROM nagaya_control'], ['changed access grant-excess']],
  ])('%s', async (_what, schema, change, putBack, objects) => {
    const { during, after } = await whileChanged(schema, change, putBack);
    expect(during).toMatchObject({ state: 'tampered' });
    expect(named(during)).toEqual(objects);
    expect(after).toMatchObject({ state: 'in_step', differences: [] });
  });
});

describe('a schema and its history do not agree', () => {
  const newest = `(SELECT max(id) FROM coding_rule2.migrations)`;

  test('the objects of a migration without its line: partial, and the migration is named', async () => {
    const { during, after } = await whileChanged(
      'coding_rule2',
      ['CREATE TABLE coding_rule2.kept AS SELECT * FROM coding_rule2.migrations', `DELETE FROM coding_rule2.migrations WHERE id = ${newest}`, 'ALTER TABLE coding_rule2.kept SET SCHEMA core'],
      ['INSERT INTO coding_rule2.migrations SELECT * FROM core.kept k WHERE k.id NOT IN (SELECT id FROM coding_rule2.migrations)', 'DROP TABLE core.kept'],
    );
    expect(during).toMatchObject({ state: 'partial', reason: expect.stringMatching(/^\w+\d{13} is half there: objects of it stand without its line in the history/) });
    expect(after).toMatchObject({ state: 'in_step' });
  });

  test('ahead: a newer release was here, and what it made is no alarm', async () => {
    const { during } = await whileChanged(
      'coding_rule2',
      [`INSERT INTO coding_rule2.migrations (timestamp, name) VALUES (1999999999999, 'AddShelf1999999999999')`, 'ALTER TABLE coding_rule2.mistake_patterns ADD COLUMN shelf text'],
      [`DELETE FROM coding_rule2.migrations WHERE name = 'AddShelf1999999999999'`, 'ALTER TABLE coding_rule2.mistake_patterns DROP COLUMN shelf'],
    );
    expect(during).toMatchObject({ state: 'ahead' });
    expect(named(during)).toEqual(['unexpected column mistake_patterns.shelf']);
  });
});
