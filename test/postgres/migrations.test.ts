import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { MigrationExecutor } from 'typeorm';
import { OWNER_ROLE } from '../support/roles.js';
import { migrateSchema } from '../../src/database/migrations/migrate-schema.js';
import { MigrationConnection } from '../../src/database/migrations/migration-connection.js';
import { migrationSource } from '../../src/database/migrations/migration-source.js';
import type { RunEvent } from '../../src/database/migrations/run-events.js';
import { openCluster, type Cluster } from '../../src/database/cluster.js';
import type { SchemaManifest } from '../../src/database/manifest.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { asSuperuser, migratorUrl } from '../support/postgres-server.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { fingerprintOf } from './support/fingerprint.js';
import { newLodger } from './support/lodger/lodger.js';
import { dropLodgers, houseWith, migrateWith } from './support/lodging.js';
import { RoleSession } from './support/role-session.js';
import { superuserRows } from './support/superuser-rows.js';

const lodgers = [newLodger(), newLodger('broken'), newLodger()] as const;
const [growing, broken, sound] = lodgers;

let database: TestDatabase;
let cluster: Cluster;
beforeAll(async () => {
  database = await createTestDatabase();
  cluster = await openCluster(database.configuration, { purpose: 'visit' });
});
afterAll(async () => {
  await database.drop();
  await dropLodgers(lodgers);
});

async function revertAll(manifest: SchemaManifest): Promise<number> {
  const source = await migrationSource(manifest, migratorUrl(database.name), { owner: OWNER_ROLE, extensionsSchema: 'extensions' });
  await source.initialize();
  try {
    const runner = source.createQueryRunner();
    const executor = new MigrationExecutor(source, runner);
    const alone = new Set(source.migrations.filter(({ transaction }) => transaction === false).map(({ constructor }) => constructor.name));
    const applied = await executor.getExecutedMigrations();
    for (const { name } of applied) {
      // On the way back TypeORM does not ask the migration itself.
      executor.transaction = alone.has(name) ? 'none' : 'each';
      await executor.undoLastMigration();
    }
    await runner.release();
    return applied.length;
  } finally {
    await source.destroy();
  }
}

describe('taking a schema\'s migrations back and applying them again', () => {
  test.each([...TEST_HOUSE.shared, ...TEST_HOUSE.products].map((manifest) => [manifest.id, manifest] as const))(
    '%s: down leaves nothing behind, and up makes the same to the last grant',
    async (schema, manifest) => {
      const before = await fingerprintOf(database.name, schema);
      expect(await revertAll(manifest)).toBeGreaterThan(0);
      const empty = await fingerprintOf(database.name, schema);
      // Only TypeORM's own history stays, without a line in it.
      const left = [...empty.relations, ...empty.functions, ...empty.policies, ...empty.triggers, ...empty.types];
      expect(left.filter((line) => !/^[rSi] migrations/.test(line) && !/ migrations_pkey| PK_\w+ owner/.test(line))).toEqual([]);
      await migrateWith(database.configuration, TEST_HOUSE);
      expect(await fingerprintOf(database.name, schema)).toEqual(before);
    },
  );
});

describe('one product\'s migration fails', () => {
  test('it alone stays behind, with nothing half done; the others, also those after it, are migrated', async () => {
    const printing = jest.spyOn(console, 'log');
    const report = await migrateWith(database.configuration, houseWith([broken, sound]));
    // Standard output is the verb's own: `nagaya migrate --json` prints JSON there and nothing else.
    expect(printing).not.toHaveBeenCalled();
    printing.mockRestore();
    const outcomes = report.schemas.map(({ schema, applied, error }) => [schema, applied, error instanceof Error]);
    expect(outcomes).toEqual([
      ['core', [], false],
      ['monitoring', [], false],
      ['coding_rule2', [], false],
      ['tea_house', [], false],
      [broken.id, ['CreateVisits1795478400000'], true],
      [sound.id, ['CreateVisits1795478400000'], false],
    ]);
    expect(report.schemas.find((outcome) => outcome.schema === broken.id)?.error).toMatchObject({
      message: 'The migration FailHalfway1795478500000 failed: division by zero, in: SELECT 1 / 0',
    });
    const tables = await superuserRows(database.name, `SELECT relname FROM pg_class WHERE relnamespace = '${broken.id}'::regnamespace AND relkind = 'r' ORDER BY 1`);
    expect(tables).toEqual([{ relname: 'migrations' }, { relname: 'visits' }]);
    const session = await RoleSession.open(cluster.urlOf(broken.id));
    expect(await session.rows(`SELECT name FROM ${broken.id}.migrations`)).toEqual([{ name: 'CreateVisits1795478400000' }]);
    await session.close();
  });

  test('repaired, it is applied by the next run', async () => {
    const report = await migrateWith(database.configuration, houseWith([newLodger('grown', broken.id), sound]));
    expect(report.schemas.find((outcome) => outcome.schema === broken.id)).toMatchObject({ applied: ['AddGuests1795478500000'] });
  });

  test('a shared schema\'s stops everything that stands on it', async () => {
    const [core] = TEST_HOUSE.shared;
    if (core === undefined) throw new Error('There is core.');
    const house = { shared: [{ ...core, migrations: broken.manifest.migrations }, ...TEST_HOUSE.shared.slice(1)], products: [...TEST_HOUSE.products, newLodger('plain', growing.id).manifest] };
    const report = await migrateWith(database.configuration, house);
    expect(report.schemas.map((outcome) => outcome.schema)).toEqual(['core']);
    expect(report.schemas[0]?.error).toBeInstanceOf(Error);
    await asSuperuser(database.name, `DROP TABLE core.visits`, `DELETE FROM core.migrations WHERE name = 'CreateVisits1795478400000'`);
  });
});

describe('a migration that needs a table for which somebody reads for long', () => {
  test('lets live traffic through while it waits, and is applied when the reader is done', async () => {
    await migrateWith(database.configuration, houseWith([sound, growing]));
    const reader = await RoleSession.open(cluster.urlOf(growing.id));
    const traffic = await RoleSession.open(cluster.urlOf(growing.id));
    await reader.rows('BEGIN');
    await reader.rows('SELECT count(*) FROM visits');

    let attempts = 0;
    let isDone = false;
    const grown = newLodger('grown', growing.id).manifest;
    const connection = new MigrationConnection(migratorUrl(database.name), { owner: OWNER_ROLE, extensionsSchema: 'extensions' }, true);
    const control = { lockPatienceMs: 120_000, signal: new AbortController().signal, onEvent: (event: RunEvent) => void (event.kind === 'waiting' && attempts++) };
    const migrating = migrateSchema(connection, grown, control).finally(() => (isDone = true));
    // The role's lock_timeout of 5 s would refuse whoever had to stand behind the migration for as long as it waits.
    let served = 0;
    while (attempts < 3) {
      expect(await traffic.attempt(`INSERT INTO visits (name) VALUES ('passing by')`)).toMatchObject({ affected: 1 });
      served++;
    }
    expect(isDone).toBe(false);
    expect(served).toBeGreaterThan(2);
    await reader.rows('COMMIT');
    expect(await migrating).toEqual({ schema: growing.id, applied: ['AddGuests1795478500000'] });
    await connection.close();
    expect(await traffic.attempt('SELECT guests FROM visits LIMIT 1')).toMatchObject({ rows: [{ guests: 1 }] });
    await reader.close();
    await traffic.close();
  });

  test('all tables belong to the owner that nobody logs in as', async () => {
    const strays = await superuserRows(
      database.name,
      `SELECT oid::regclass::text FROM pg_class WHERE relnamespace::regnamespace::text IN ('core', 'monitoring', 'coding_rule2', 'tea_house', '${growing.id}')
          AND relkind IN ('r', 'p', 'S', 'v') AND relowner <> '${OWNER_ROLE}'::regrole`,
    );
    expect(strays).toEqual([]);
  });
});
