import { afterAll, beforeAll, describe, expect, it, test } from '@jest/globals';
import { SNAPSHOT_SETTINGS } from '../../src/backup/dump/snapshot.js';
import { summedTables, sumMethodOf, sumTables, type TableSum } from '../../src/backup/dump/table-sums.js';
import { AdminConnection } from '../../src/database/admin-connection.js';
import { requireAdminUrl } from '../../src/database/cluster.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';

/** A column of each kind that is hashed in another way. */
const COLUMNS = {
  a: 'text', b: 'text', c: 'varchar(20)', d: 'char(4)', name: 'name', n: 'numeric', k: 'int', i: 'bigint', s: 'smallint', f: 'float8', ok: 'boolean',
  u: 'uuid', x: 'bytea', day: 'date', at: 'timestamptz', wall: 'timestamp', clock: 'time', span: 'interval', j: 'json', jb: 'jsonb', words: 'text[]', home: 'inet', during: 'tstzrange',
  v: 'extensions.vector(3)', h: 'extensions.halfvec(2)', mood: 'sums.mood', pair: 'sums.pair', moods: 'sums.mood[]', rel: 'regclass', rels: 'regclass[]', acl: 'aclitem',
} as const;
type Values = Partial<Record<keyof typeof COLUMNS, string>>;

let database: TestDatabase;
let opened: OpenTestDatabase;
let admin: AdminConnection;

beforeAll(async () => {
  database = await createTestDatabase();
  opened = await openTestDatabase(database);
  admin = await AdminConnection.open(requireAdminUrl(opened.cluster), 'nagaya-test');
});
afterAll(async () => {
  await admin.close();
  await opened.close();
  await database.drop();
});

/** What the table of all those columns is summed to with these rows in it; nothing of it stays. */
async function sumOf(...rows: Values[]): Promise<TableSum> {
  let sum: TableSum | undefined;
  const undone = new Error('undone');
  await admin
    .transaction(async () => {
      await admin.query(SNAPSHOT_SETTINGS.replaceAll('SET ', 'SET LOCAL '));
      await admin.query(`CREATE SCHEMA sums; CREATE TYPE sums.mood AS ENUM ('calm', 'lively'); CREATE TYPE sums.pair AS (at timestamptz, f float8)`);
      await admin.query(`CREATE TABLE sums.t (${Object.entries(COLUMNS).map(([name, type]) => `${name} ${type}`).join(', ')})`);
      for (const row of rows) {
        const names = Object.keys(row) as (keyof typeof COLUMNS)[];
        if (names.length === 0) await admin.query('INSERT INTO sums.t DEFAULT VALUES');
        else await admin.query(`INSERT INTO sums.t (${names.join(', ')}) VALUES (${names.map((name, at) => `$${at + 1}::${COLUMNS[name]}`).join(', ')})`, names.map((name) => row[name]));
      }
      [sum] = await sumTables(admin, await summedTables(admin, 'sums', await sumMethodOf(admin)), new AbortController().signal);
      throw undone;
    })
    .catch((error: unknown) => {
      if (error !== undone) throw error;
    });
  return sum!;
}

const ROW: Values = {
  a: '長屋', b: '', c: 'tea', d: 'ab', name: 'core', n: '1.50', k: '-7', i: '9007199254740993', s: '3', f: '-0', ok: 'true',
  u: '00112233-4455-6677-8899-aabbccddeeff', x: '\\x00ff', day: '2026-11-25', at: '2026-11-25 12:00:00.000001+00', wall: '2026-11-25 12:00', clock: '23:59:59.5', span: '1 mon 2 days 00:00:03',
  j: '{"a":  1}', jb: '{"a": 1.00}', words: '{"a,b",NULL}', home: '10.0.0.1/8', during: '[2026-01-01 00:00+00,2026-02-01 00:00+00)',
  v: '[1,2,3.5]', h: '[0.5,-1]', mood: 'calm', pair: '("2026-07-01 12:00+00",0.30000000000000004)', moods: '{lively,calm}', rel: 'pg_class', rels: '{pg_type}', acl: 'pg_monitor=r/pg_monitor',
};

it('is the same on every server: with another one no manifest could be compared', async () => {
  expect(await sumOf(ROW, {}, { a: 'x' })).toEqual({ name: 't', rows: '3', checksum: '13740727887449069810' });
});

it('does not depend on the order of the rows', async () => {
  expect(await sumOf(ROW, { a: 'x' }, {})).toEqual(await sumOf({ a: 'x' }, {}, ROW));
});

describe('tells apart', () => {
  test.each<[string, Values[], Values[]]>([
    ['nothing from what is empty', [{ a: '' }], [{}]],
    ['one column from the next', [{ a: 'x' }], [{ b: 'x' }]],
    ['where one column ends and the next begins', [{ a: 'ab', b: 'c' }], [{ a: 'a', b: 'bc' }]],
    ['which values stood in one row', [{ a: 'x', k: '1' }, { a: 'y', k: '2' }], [{ a: 'x', k: '2' }, { a: 'y', k: '1' }]],
    ['and in one row of two texts', [{ a: 'x', b: 'p' }, { a: 'y', b: 'q' }], [{ a: 'x', b: 'q' }, { a: 'y', b: 'p' }]],
    ['which row stood there twice', [{ a: 'x' }, { a: 'x' }, { a: 'y' }], [{ a: 'x' }, { a: 'y' }, { a: 'y' }]],
    ['numbers that are equal and printed otherwise', [{ n: '1.0' }], [{ n: '1.00' }]],
    ['and the same within JSON', [{ jb: '{"a": 1.0}' }], [{ jb: '{"a": 1.00}' }]],
    ['JSON that is written otherwise', [{ j: '{"a":1}' }], [{ j: '{"a": 1}' }]],
    ['zero from minus zero', [{ f: '0' }], [{ f: '-0' }]],
    // PostgreSQL's own hash of 64-bit values takes these for the same.
    ['bigints whose halves are exchanged', [{ i: '1' }], [{ i: '4294967296' }]],
    ['a negative bigint from a large one', [{ i: '-1' }], [{ i: '4294967295' }]],
    ['moments whose halves are exchanged', [{ at: '2000-01-01 00:00:00.000001+00' }], [{ at: '2000-01-01 01:11:34.967296+00' }]],
    ['times whose halves are exchanged', [{ clock: '00:00:00.000001' }], [{ clock: '01:11:34.967296' }]],
    ['lengths of time that are equal', [{ span: '1 mon' }], [{ span: '30 days' }]],
    ['a day from 24 hours', [{ span: '1 day' }], [{ span: '24:00' }]],
    ['a text from one with a space behind it', [{ c: 'a' }], [{ c: 'a ' }]],
    ['capital letters', [{ a: 'Tea' }], [{ a: 'tea' }]],
    ['one bit of a vector', [{ v: '[1,2,3]' }], [{ v: '[1,2,3.0000002]' }]],
    ['what of an array is nothing', [{ words: '{NULL}' }], [{ words: '{"NULL"}' }]],
    ['two values of an enumeration', [{ mood: 'calm' }], [{ mood: 'lively' }]],
    ['an address from the same with a mask', [{ home: '10.0.0.1' }], [{ home: '10.0.0.1/8' }]],
  ])('%s', async (_what, one, other) => {
    const [first, second] = [await sumOf(...one), await sumOf(...other)];
    expect(first.rows).toBe(second.rows);
    expect(first.checksum).not.toBe(second.checksum);
  });
});
