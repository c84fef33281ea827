import { chmodSync, cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { withProduct } from './product-list.js';
import { writeProduct } from './write-product.js';
import { singularOf } from './words.js';

const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url));
const LIST = 'src/products/index.ts';
const NOW = new Date('2026-11-24T12:00:00Z');

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'nagaya-new-'));
  mkdirSync(join(root, 'migrations'));
  mkdirSync(join(root, 'test/e2e'), { recursive: true });
  for (const folder of ['products', 'core', 'monitoring', 'health']) cpSync(join(REPOSITORY, 'src', folder), join(root, 'src', folder), { recursive: true });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const tree = () => Object.fromEntries(readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => [join(entry.parentPath, entry.name), readFileSync(join(entry.parentPath, entry.name), 'utf8')]));
const read = (path: string) => readFileSync(join(root, path), 'utf8');

describe('a new product', () => {
  it('is a folder, a migration, a test and a line in the list', () => {
    const before = Object.keys(tree()).length;
    const { files } = writeProduct(root, { id: 'future_product' }, NOW);
    expect(Object.keys(tree())).toHaveLength(before + files.length - 1);
    expect(files).toContain('migrations/future_product/1795521600000-create-future-product.ts');
    expect(read(LIST)).toContain('[CODING_RULE2, FUTURE_PRODUCT];');
    expect(read('migrations/future_product/1795521600000-create-future-product.ts')).toContain('export class CreateFutureProduct1795521600000 implements');
  });

  it('gives its classes its own name where the plain one is taken, so that the API document can hold both', () => {
    writeProduct(root, { id: 'one', table: 'memories' }, NOW);
    writeProduct(root, { id: 'two' }, NOW);
    writeProduct(root, { id: 'three' }, NOW);
    expect(read('src/products/one/memories/memory.entity.ts')).toContain('export class OneMemory {');
    expect(read('src/products/two/notes/note.entity.ts')).toContain('export class Note {');
    expect(read('src/products/three/notes/note.entity.ts')).toContain('export class ThreeNote {');
  });

  it('says in its manifest what it may hold, how long, and when it is told of, where that was asked for', () => {
    writeProduct(root, { id: 'one', maxBytes: '10000000', maxRows: '5000', keepDays: '90', alerts: ['record-count-low=10', 'schema-size-high=2000000'] }, NOW);
    const manifest = read('src/products/one/one.manifest.ts');
    expect(manifest).toContain('  quota: { maxBytes: 10_000_000, maxRows: 5_000 },');
    expect(manifest).toContain(`  retention: [{ table: 'notes', column: 'created_at', days: 90 }],`);
    expect(manifest).toContain(`  alerts: { 'record-count-low': { threshold: 10 }, 'schema-size-high': { threshold: 2_000_000 } },`);
    writeProduct(root, { id: 'two' }, NOW);
    expect(read('src/products/two/two.manifest.ts')).not.toMatch(/quota|retention|alerts/);
  });

  it('quotes what PostgreSQL keeps for itself, in the migration as on the entity', () => {
    writeProduct(root, { id: 'order', table: 'order', fields: ['user:one_of:a,b', 'note:text'] }, NOW);
    const migration = read('migrations/order/1795521600000-create-order.ts');
    expect(migration).toContain('CREATE TABLE "order"."order" (');
    for (const text of [migration, read('src/products/order/order/order.entity.ts')]) expect(text).toContain(`"user" IN ('a', 'b')`);
  });
});

describe('refused, and nothing is written:', () => {
  it.each<[string, Parameters<typeof writeProduct>[1], string]>([
    ['a bad id', { id: 'Future-Product' }, `can't be a product's id`],
    ['a reserved id', { id: 'core' }, `can't be a product's id`],
    ["PostgreSQL's prefix", { id: 'pg_notes' }, `can't be a product's id`],
    ['an id that ends in an underscore', { id: 'future_' }, 'underscore at its end'],
    ['an id that is there', { id: 'coding_rule2' }, 'There is a product "coding_rule2" already'],
    ['a bad table', { id: 'future', table: 'Notes!' }, '--table Notes!'],
    ['the table of the history', { id: 'future', table: 'migrations' }, 'taken'],
    ['a table whose address every product has', { id: 'future', table: 'events' }, 'every product has /events already'],
    ['a title that would end a text in the source', { id: 'future', title: `it's` }, '--title'],
    ['a field without a kind', { id: 'future', fields: ['title'] }, 'the kind must be one of text, integer'],
    ['an unknown kind', { id: 'future', fields: ['title:varchar'] }, '--field title:varchar: the kind must be one of'],
    ['a bad name of a field', { id: 'future', fields: ['Title:text'] }, 'a name begins with a lower-case letter'],
    ['a field that every table has', { id: 'future', fields: ['created_at:instant'] }, '"created_at" is taken'],
    ['a field that every list has', { id: 'future', fields: ['cursor:text'] }, 'is taken'],
    ['a column of PostgreSQL itself', { id: 'future', fields: ['ctid:text'] }, 'is taken'],
    ['one field twice, once in each spelling', { id: 'future', fields: ['due_at:instant', 'dueAt:text'] }, 'the field due_at stands there twice'],
    ['one_of without words', { id: 'future', fields: ['level:one_of'] }, 'one_of takes 2 to 40 different words'],
    ['a length that is none', { id: 'future', fields: ['title:text:long'] }, 'from 1 to 10000'],
    ['an argument too many', { id: 'future', fields: ['title:text:20:30'] }, 'and nothing else'],
    ['an argument where there is none', { id: 'future', fields: ['paid:boolean:yes'] }, 'boolean takes no argument'],
    ['a quota that is none', { id: 'future', maxRows: 'many' }, '--max-rows many: a whole number'],
    ['a quota of nothing', { id: 'future', maxBytes: '0' }, '--max-bytes 0: a whole number'],
    ['days that nobody lives to see', { id: 'future', keepDays: '36501' }, '--keep-days 36501: a whole number from 1 to 36500'],
    ['an alert without a number', { id: 'future', alerts: ['record-count-low'] }, 'and the number from which on it fires'],
    ['an alert that there is not', { id: 'future', alerts: ['record-count-lo=3'] }, 'there are'],
    ['one alert twice', { id: 'future', alerts: ['record-count-low=3', 'record-count-low=4'] }, 'stands there twice'],
    ['a name in other letters', { id: 'fütüre' }, `can't be a product's id`],
    ['a name with a look-alike', { id: 'futurе' }, `can't be a product's id`],
    ['a name that is too long', { id: 'f'.repeat(32) }, `can't be a product's id`],
    ['a name with SQL in it', { id: 'future"; DROP SCHEMA core; --' }, `can't be a product's id`],
    ['a way out of the folder', { id: '../../future' }, `can't be a product's id`],
    ['a field with SQL in it', { id: 'future', fields: ['title" text); DROP TABLE x; --:text'] }, 'a name begins with a lower-case letter'],
    ['a word that would end a text in the source', { id: 'future', fields: [`level:one_of:low,it's`] }, '--field'],
    ['a word with a look-alike', { id: 'future', fields: ['level:one_of:low,hіgh'] }, '--field'],
    ["a table of PostgreSQL's", { id: 'future', table: 'pg_class' }, 'taken'],
    ['nothing but optional fields', { id: 'future', fields: ['title:text:optional'] }, 'At least one field'],
  ])('%s', (_, wish, message) => {
    const before = tree();
    expect(() => writeProduct(root, wish, NOW)).toThrow(message);
    expect(tree()).toEqual(before);
  });

  it('outside a checkout', () => {
    rmSync(join(root, LIST));
    expect(() => writeProduct(root, { id: 'future' }, NOW)).toThrow('is none: there is no src/products/index.ts');
  });

  it('where a list is written as nobody expected', () => {
    writeFileSync(join(root, LIST), 'export const PRODUCTS = makeProducts();\n');
    expect(() => writeProduct(root, { id: 'future' }, NOW)).toThrow('does not hold the list as it is expected');
    expect(() => withProduct('', { id: 'a_b', constant: 'A_B', kebab: 'a-b' })).toThrow('as it is expected');
  });

  it('or taken back where the disk refuses half-way', () => {
    // A file where the folder of the test should be: the last but one to be written.
    rmSync(join(root, 'test/e2e'), { recursive: true });
    writeFileSync(join(root, 'test/e2e'), '');
    chmodSync(join(root, 'test/e2e'), 0o600);
    const before = tree();
    const folders = () => readdirSync(join(root, 'src/products'));
    const foldersBefore = folders();
    expect(() => writeProduct(root, { id: 'future' }, NOW)).toThrow(/^E[A-Z]+:/);
    expect(tree()).toEqual(before);
    expect(folders()).toEqual(foldersBefore);
  });
});

it.each([
  ['notes', 'note'],
  ['entries', 'entry'],
  ['boxes', 'box'],
  ['classes', 'class'],
  ['responses', 'response'],
  ['status', 'status'],
  ['address', 'address'],
  ['keys', 'key'],
  ['equipment', 'equipment'],
])('of %s one is called %s', (plural, singular) => {
  expect(singularOf(plural)).toBe(singular);
});
