import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Configuration } from '../../src/config/env.js';
import { openCluster } from '../../src/database/cluster.js';
import { CONTROL_ROLE } from '../support/roles.js';
import { quoteIdent } from '../../src/database/quote-ident.js';
import { asSuperuser, createEmptyDatabase, dropDatabase, LODGER_PREFIX, migratorUrl, TEST_MIGRATOR, urlOfDatabase } from '../support/postgres-server.js';
import { nagaya } from '../support/process.js';
import { configurationOfServer } from '../support/template.js';
import { TEST_HOUSE } from '../support/test-house.js';
import { dropLodgers, houseWith, migrateWith } from './support/lodging.js';
import { newLodger } from './support/lodger/lodger.js';
import { loginRefusal } from './support/role-session.js';
import { superuserRows } from './support/superuser-rows.js';

const lodger = newLodger();
const house = houseWith([lodger]);
let database: string;
let configuration: Configuration;

beforeEach(async () => {
  database = `nagaya_test_${randomUUID().slice(0, 8)}`;
  await createEmptyDatabase(database);
  configuration = configurationOfServer(migratorUrl(database));
});
afterEach(() => dropDatabase(database));
afterAll(() => dropLodgers([lodger]));

const rowsOf = (sql: string): Promise<object[]> => superuserRows(database, sql);

/** All that a migration could change before its first table: this database's schemas and settings, and these roles to the last bit. */
async function state(...roles: readonly string[]): Promise<unknown[]> {
  const names = roles.map((role) => `'${role}'`).join(', ');
  return [
    await rowsOf(`SELECT nspname, nspowner::regrole::text, nspacl::text FROM pg_namespace WHERE nspname !~ '^pg_(toast|temp)' ORDER BY 1`),
    await rowsOf(`SELECT datacl::text FROM pg_database WHERE datname = current_database()`),
    await rowsOf(`SELECT setrole::regrole::text, setconfig FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase WHERE d.datname = current_database() ORDER BY 1`),
    await rowsOf(`SELECT a.*, shobj_description(oid, 'pg_authid') FROM pg_authid a WHERE rolname IN (${names}) ORDER BY 2`),
    await rowsOf(`SELECT relname FROM pg_class WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN ('core', 'monitoring'))`),
  ];
}

describe('a role of that name exists and is not this deployment\'s', () => {
  test.each([
    ['made by hand', undefined],
    ['made by another deployment', 'Nagaya deployment 0123456789abcdef: made and kept by nagaya migrate'],
  ])('%s: that product alone is refused, and the role left as it is', async (_who, comment) => {
    await asSuperuser('postgres', `CREATE ROLE ${quoteIdent(lodger.id)} LOGIN PASSWORD 'mine'`);
    if (comment !== undefined) await asSuperuser('postgres', `COMMENT ON ROLE ${quoteIdent(lodger.id)} IS '${comment}'`);
    try {
      const before = (await state(lodger.id))[3];
      const { schemas } = await migrateWith(configuration, house);
      expect(schemas.find((outcome) => outcome.schema === lodger.id)?.error).toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(new RegExp(`The role "${lodger.id}" on this server does not belong to this Nagaya deployment`)),
      });
      expect((await state(lodger.id))[3]).toEqual(before);
      expect(await rowsOf(`SELECT nspname FROM pg_namespace WHERE nspname = '${lodger.id}'`)).toEqual([]);
      // Everybody else is served: a stranger's role is that product's business alone.
      expect(schemas.filter((outcome) => outcome.error === undefined).map((outcome) => outcome.schema)).toEqual(['core', 'monitoring', 'coding_rule2', 'tea_house']);
    } finally {
      await asSuperuser('postgres', `DROP ROLE ${quoteIdent(lodger.id)}`);
    }
  });
});

describe('another deployment, with another secret, on the same server', () => {
  const otherSecret = 'the secret of somebody else, long enough to be one';
  const roles = ['nagaya_owner', CONTROL_ROLE, 'nagaya_backup', 'coding_rule2', 'tea_house'];

  test('is refused, names the roles, and locks nobody out', async () => {
    const before = await state(...roles);
    await expect(migrateWith({ ...configuration, roleSecret: otherSecret }, TEST_HOUSE)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('NAGAYA_ROLE_SECRET'),
    });
    expect(await state(...roles)).toEqual(before);
    await migrateWith(configuration, TEST_HOUSE);
    const cluster = await openCluster(configuration, { purpose: 'visit' });
    for (const role of [CONTROL_ROLE, 'coding_rule2', 'tea_house']) expect(await loginRefusal(cluster.urlOf(role))).toBeUndefined();
  });

  test('on the command line: exit 1 and one clear sentence, no stack', async () => {
    const environment = { DATABASE_URL: migratorUrl(database), NAGAYA_ROLE_SECRET: otherSecret };
    const { status, stderr, stdout } = await nagaya(['migrate', '--json'], environment);
    expect(status).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toMatch(/^error {2}The roles .*"coding_rule2".* do not belong to this Nagaya deployment/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});

describe('a schema of that name exists and is somebody else\'s', () => {
  test.each(['core', 'coding_rule2'])('%s: refused with the owner named, and left to him', async (schema) => {
    await asSuperuser(database, `CREATE SCHEMA ${quoteIdent(schema)} CREATE TABLE treasure (id integer)`);
    const refusal = {
      code: 'conflict',
      message: expect.stringMatching(new RegExp(`The schema "${schema}" exists and belongs to "\\w+", not to "nagaya_owner"`)),
    };
    const migrating = migrateWith(configuration, TEST_HOUSE);
    if (schema === 'core') await expect(migrating).rejects.toMatchObject(refusal);
    else {
      const { schemas } = await migrating;
      expect(schemas.filter((outcome) => outcome.error !== undefined)).toEqual([{ schema, applied: [], error: expect.objectContaining(refusal) }]);
      expect(schemas.find((outcome) => outcome.schema === 'tea_house')).toMatchObject({ applied: ['CreateTeaHouse1795478400000'] });
    }
    expect(await rowsOf(`SELECT nspowner = 'nagaya_owner'::regrole AS ours, nspacl FROM pg_namespace WHERE nspname = '${schema}'`)).toEqual([{ ours: false, nspacl: null }]);
    expect(await rowsOf(`SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = '${schema}'::regnamespace`)).toEqual([{ relname: 'treasure' }]);
  });
});

describe('pgvector in a schema that was there before', () => {
  test.each(['public', 'vector_home'])('%s: used where it is', async (schema) => {
    await asSuperuser(database, 'DROP EXTENSION vector', 'DROP SCHEMA extensions');
    if (schema !== 'public') await asSuperuser(database, `CREATE SCHEMA ${quoteIdent(schema)} AUTHORIZATION ${TEST_MIGRATOR}`);
    await asSuperuser(database, `CREATE EXTENSION vector SCHEMA ${quoteIdent(schema)}`);
    const report = await migrateWith(configuration, TEST_HOUSE);
    expect(report.schemas.filter((outcome) => outcome.error !== undefined)).toEqual([]);
    const [type] = await rowsOf(`SELECT atttypid::regtype::text, typnamespace::regnamespace::text AS schema FROM pg_attribute JOIN pg_type t ON t.oid = atttypid
                                  WHERE attrelid = 'coding_rule2.conversation_context'::regclass AND attname = 'vector_embedding'`);
    expect(type).toMatchObject({ schema });
    const [settings] = await rowsOf(`SELECT setconfig::text AS settings FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase
                                      WHERE d.datname = current_database() AND setrole = 'coding_rule2'::regrole`);
    expect(settings).toMatchObject({ settings: expect.stringContaining(schema) });
  });

  test('a schema that nobody may look into: told with the statements that mend it', async () => {
    await asSuperuser(database, 'DROP EXTENSION vector', 'DROP SCHEMA extensions', 'CREATE SCHEMA vector_home', 'CREATE EXTENSION vector SCHEMA vector_home');
    await expect(migrateWith(configuration, TEST_HOUSE)).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('GRANT USAGE ON SCHEMA "vector_home" TO "coding_rule2"'),
    });
  });
});

describe('a migrator who lacks what it needs', () => {
  const weak = `${LODGER_PREFIX}weak_migrator`;

  test('is told all of it in one list, before anything is changed', async () => {
    await asSuperuser('postgres', `CREATE ROLE ${quoteIdent(weak)} LOGIN PASSWORD 'weak'`);
    await asSuperuser(database, 'DROP EXTENSION vector', 'DROP SCHEMA extensions', `GRANT CREATE ON DATABASE ${quoteIdent(database)} TO ${quoteIdent(weak)}`);
    try {
      const url = new URL(urlOfDatabase(database));
      url.username = weak;
      url.password = 'weak';
      const before = await state(CONTROL_ROLE, 'coding_rule2', weak);
      const failure = await migrateWith(configurationOfServer(url.href), TEST_HOUSE).catch((error: unknown) => error as Error);
      expect(failure).toMatchObject({ code: 'conflict' });
      const lines = (failure as Error).message.split('\n').filter((line) => line.startsWith('  - '));
      expect(lines).toEqual([
        expect.stringContaining(`ALTER ROLE ${weak} CREATEROLE`),
        expect.stringContaining(`ALTER DATABASE ${database} OWNER TO ${weak}`),
        expect.stringContaining('CREATE EXTENSION vector'),
      ]);
      expect(await state(CONTROL_ROLE, 'coding_rule2', weak)).toEqual(before);
    } finally {
      await asSuperuser(database, `DROP OWNED BY ${quoteIdent(weak)}`);
      await asSuperuser('postgres', `DROP ROLE ${quoteIdent(weak)}`);
    }
  });
});
