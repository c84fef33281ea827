import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Configuration } from '../../src/config/env.js';
import { openCluster, type Cluster } from '../../src/database/cluster.js';
import type { DriftReport } from '../../src/database/drift/compare.js';
import type { House, MigrateOptions, MigrationReport } from '../../src/database/migrator.js';
import { rollBack } from '../../src/database/roll-back.js';
import { migrateHouse } from '../../src/migrate-house.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { asSuperuser, createEmptyDatabase, dropDatabase, migratorUrl } from '../support/postgres-server.js';
import { nagaya, nagayaUntil } from '../support/process.js';
import { configurationOfServer } from '../support/template.js';
import { TEST_SECRET } from '../support/engine.js';
import { terminate, type Backend } from './support/backends.js';
import { newLodger } from './support/lodger/lodger.js';
import { dropLodgers, houseWith, startLodging } from './support/lodging.js';
import { RoleSession } from './support/role-session.js';
import { superuserRows } from './support/superuser-rows.js';
import { until } from './support/until.js';

const lodgers = [newLodger('broken'), newLodger(), newLodger(), newLodger('indexed')] as const;
const [broken, first, second, indexed] = lodgers;
const outcomesOf = ({ schemas }: MigrationReport): unknown[] => schemas.map(({ schema, applied, error, stopped }) => [schema, applied.length, error instanceof Error ? error.message.split('\n')[0] : undefined, stopped]);

describe('many products', () => {
  let database: TestDatabase;
  let cluster: Cluster;
  beforeAll(async () => {
    database = await createTestDatabase();
    cluster = await openCluster(database.configuration, { purpose: 'visit' });
  });
  afterAll(async () => {
    await cluster.close();
    await database.drop();
    await dropLodgers(lodgers);
  });
  const run = (house: House, options: Partial<MigrateOptions> = {}): Promise<MigrationReport> => migrateHouse(cluster, house, { roleConnectionLimit: 60, ...options });
  const recorded = <Row extends object>(sql: string): Promise<Row[]> => superuserRows<Row>(database.name, sql);

  test('a canary that fails keeps the others from being begun; they are migrated by the next run without it', async () => {
    const house = houseWith([first, broken, second]);
    const report = await run(house, { canary: broken.id });
    expect(outcomesOf(report).slice(-3)).toEqual([
      [first.id, 0, `Not begun: the canary ${broken.id} failed.`, undefined],
      [broken.id, 1, expect.stringContaining('FailHalfway1795478500000 failed: division by zero'), undefined],
      [second.id, 0, `Not begun: the canary ${broken.id} failed.`, undefined],
    ]);
    const next = await run(house, { parallel: 3 });
    expect(outcomesOf(next).slice(-3)).toEqual([[first.id, 1, undefined, undefined], [broken.id, 0, expect.stringContaining('failed'), undefined], [second.id, 1, undefined, undefined]]);
    expect(await recorded(`SELECT kind, outcome, applied, failed, finished_at IS NOT NULL AS ended FROM core.migration_runs WHERE id IN ('${report.runId}', '${next.runId}') ORDER BY started_at`)).toEqual([
      { kind: 'migrate', outcome: 'failed', applied: 1, failed: 1, ended: true },
      { kind: 'migrate', outcome: 'failed', applied: 2, failed: 1, ended: true },
    ]);
    expect(await recorded(`SELECT migration, direction, outcome, duration_ms IS NOT NULL AS timed FROM core.migration_steps WHERE schema_name = '${broken.id}' ORDER BY started_at`)).toEqual([
      { migration: 'CreateVisits1795478400000', direction: 'up', outcome: 'done', timed: true },
      { migration: 'FailHalfway1795478500000', direction: 'up', outcome: 'failed', timed: true },
      { migration: 'FailHalfway1795478500000', direction: 'up', outcome: 'failed', timed: true },
    ]);
  });

  test('a step back is refused where it would lose rows, and taken where that is meant', async () => {
    const options = { actor: 'test', release: 'test' };
    const session = await RoleSession.open(cluster.urlOf(first.id));
    await session.rows(`INSERT INTO visits (name) VALUES ('kept')`);
    await expect(rollBack(cluster, first.manifest, { ...options, loseData: false })).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('would lose what is in') });
    expect(await session.rows('SELECT name FROM visits')).toEqual([{ name: 'kept' }]);
    await session.close();
    expect(await rollBack(cluster, first.manifest, { ...options, loseData: true })).toEqual({ schema: first.id, applied: ['CreateVisits1795478400000'] });
    expect(await recorded(`SELECT to_regclass('${first.id}.visits') AS visits`)).toEqual([{ visits: null }]);
    expect(await rollBack(cluster, first.manifest, { ...options, loseData: false })).toEqual({ schema: first.id, applied: [] });
  });

  test('an index that is built without a transaction and cut off half way is built by the next run', async () => {
    const house = houseWith([indexed]);
    await run(house, { schemas: [indexed.id], to: 'CreateVisits1795478400000' });
    const reader = await RoleSession.open(cluster.urlOf(indexed.id));
    await reader.rows('BEGIN');
    await reader.rows('SELECT count(*) FROM visits');
    await reader.rows(`INSERT INTO visits (name) VALUES ('open')`);
    const cutOff = run(house, { schemas: [indexed.id] });
    const [builder] = await until(async () => {
      const rows = await superuserRows<Backend>('postgres', `SELECT a.pid, a.application_name AS application, a.wait_event_type AS wait, false AS "inTransaction" FROM pg_stat_activity a WHERE a.datname = '${database.name}' AND a.query LIKE 'CREATE INDEX CONCURRENTLY%' AND a.wait_event_type = 'Lock'`);
      return rows.length > 0 ? rows : undefined;
    });
    if (builder) await terminate([builder]);
    expect((await cutOff).schemas).toEqual([expect.objectContaining({ schema: indexed.id, applied: [], error: expect.any(Error) })]);
    const valid = () => recorded(`SELECT i.indisvalid AS valid FROM pg_index i WHERE i.indexrelid = to_regclass('${indexed.id}.visits_name_idx')`);
    expect(await valid()).toEqual([{ valid: false }]);
    await reader.rows('COMMIT');
    await reader.close();
    expect((await run(house, { schemas: [indexed.id] })).schemas).toEqual([{ schema: indexed.id, applied: ['IndexVisits1795478500000'] }]);
    expect(await valid()).toEqual([{ valid: true }]);
  });

  test('a migration that is not let in for too long fails by itself and names who holds its table', async () => {
    const grown = newLodger('grown', second.id);
    const reader = await RoleSession.open(cluster.urlOf(second.id));
    await reader.rows('BEGIN');
    await reader.rows('SELECT count(*) FROM visits');
    const report = await run(houseWith([grown]), { lockPatienceMs: 1 });
    expect(report.schemas.find(({ schema }) => schema === second.id)?.error).toMatchObject({ code: 'timeout', message: expect.stringMatching(new RegExp(`held by process \\d+ \\(${second.id}`)) });
    await reader.rows('COMMIT');
    await reader.close();
    expect((await run(houseWith([grown]))).schemas.find(({ schema }) => schema === second.id)).toMatchObject({ applied: ['AddGuests1795478500000'] });
  });
});

test('a schema that a newer release has migrated by a breaking migration is not served by this one; ahead by another it is', async () => {
  const [guest, ahead] = [newLodger(), newLodger()];
  const lodging = await startLodging([guest, ahead]);
  try {
    const insert = (schema: string, name: string) => asSuperuser(lodging.database.name, `INSERT INTO ${schema}.migrations (timestamp, name) VALUES (1999999999999, '${name}1999999999999')`);
    await insert(guest.id, 'BreakingRenameVisits');
    await insert(ahead.id, 'AddShelf');
    expect(await lodging.request(guest.id, 'GET', 'visits')).toMatchObject({ status: 503, body: { code: 'product_not_ready' } });
    expect((await lodging.request(ahead.id, 'GET', 'visits')).status).toBe(200);
    expect((await lodging.request('coding_rule2', 'GET', 'mistake-patterns')).status).toBe(200);
    await insert('core', 'BreakingRenameEvents');
    await until(async () => (await fetch(`${lodging.service.url}/health/ready`)).status === 503);
  } finally {
    await lodging.stop();
  }
});

describe('a real process that migrates an empty database', () => {
  let database: string;
  let configuration: Configuration;
  let environment: Record<string, string>;
  beforeAll(async () => {
    database = `nagaya_test_${randomUUID().slice(0, 8)}`;
    await createEmptyDatabase(database);
    configuration = configurationOfServer(migratorUrl(database));
    environment = { DATABASE_URL: migratorUrl(database), NAGAYA_ROLE_SECRET: TEST_SECRET };
  });
  afterAll(() => dropDatabase(database));

  interface Status { readonly schemas: { readonly schema: string; readonly drift: string; readonly applied: number; readonly pending: string[] }[] }
  const status = async (): Promise<Status> => JSON.parse((await nagaya(['status', '--json'], environment)).stdout) as Status;

  // Each is begun where the one before was killed: before a migration, inside one, between two schemas, before the grants.
  test.each([/core: \d+ migrations/, /core: \w+ after/, /monitoring: \d+ migration/, /coding_rule2: \d+ migration/, /grants and policies/])('killed at %s: every schema stands before or after a migration', async (moment) => {
    const killed = await nagayaUntil(['migrate'], environment, moment, 'SIGKILL');
    // It may have been quicker than the signal; then there was nothing left to kill.
    if (killed.status !== null && killed.status !== 0) throw new Error(killed.stderr);
    await until(async () => (await superuserRows('postgres', `SELECT pid FROM pg_stat_activity WHERE datname = '${database}' AND application_name LIKE 'nagaya-%'`)).length === 0);
    const { drift } = JSON.parse((await nagaya(['doctor', '--drift', '--json'], environment)).stdout) as { drift: DriftReport[] };
    // Grants come after the migrations, so those may be missing; of a table there is no half.
    for (const { schema, differences } of drift) expect([schema, differences.filter(({ object }) => !object.startsWith('access '))]).toEqual([schema, []]);
  });

  test('SIGINT: the migration at work is finished, no other begun, and the exit status says so', async () => {
    await rollBackAll();
    const stopped = await nagayaUntil(['migrate'], environment, /coding_rule2: \d+ migration/, 'SIGINT');
    expect(stopped.status).toBe(1);
    expect(stopped.stdout).toContain('Stopped. Run it again');
  });

  test('the next run finishes, and the record tells which were cut off', async () => {
    const finished = await nagaya(['migrate', '--json'], environment);
    expect([finished.status, finished.stderr]).toEqual([0, '']);
    for (const { schema, drift, pending } of (await status()).schemas) expect([schema, drift, pending]).toEqual([schema, 'in_step', []]);
    expect(await superuserRows(database, `SELECT count(*)::int FROM core.migration_runs WHERE outcome = 'running'`)).toEqual([{ count: 0 }]);
  });

  async function rollBackAll(): Promise<void> {
    const migrated = await nagaya(['migrate', '--json'], environment);
    expect(migrated.status).toBe(0);
    const cluster = await openCluster(configuration, { purpose: 'visit' });
    const manifest = houseWith([]).products.find(({ id }) => id === 'coding_rule2');
    if (manifest === undefined) throw new Error('There is coding_rule2.');
    for (let taken = 1; taken > 0; ) taken = (await rollBack(cluster, manifest, { loseData: true, actor: 'test', release: 'test' })).applied.length;
    await cluster.close();
  }
});
