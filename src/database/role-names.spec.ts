import { expect, test } from '@jest/globals';
import { assertProductIds, RoleNames } from './role-names.js';

const check = (...ids: string[]) => () => assertProductIds(ids.map((id) => ({ id })));

test.each(['coding_rule2', 'ab', 'a'.repeat(31)])('%s is a product id', (id) => {
  expect(check(id)).not.toThrow();
});

test.each(['', 'a', 'a'.repeat(32), '2a', '_a', 'A1', 'a-b', 'a b', 'ä1', 'core', 'monitoring', 'public', 'extensions', 'postgres', 'pg_x', 'nagaya_x', 'none', 'current_user'])(
  '%j is refused',
  (id) => {
    expect(check(id)).toThrow(/product's id/);
  },
);

test('one id twice is refused', () => {
  expect(check('tea', 'tea')).toThrow(/twice/);
});

const PRODUCTS = [{ id: 'tea' }, { id: 'coding_rule2' }];

test('without a prefix a product\'s role has its name, and the shared ones begin with nagaya', () => {
  const names = new RoleNames();
  expect(names.all(PRODUCTS)).toEqual(['nagaya_owner', 'nagaya_control', 'nagaya_backup', 'tea', 'coding_rule2']);
  expect(names.all(PRODUCTS).map((role) => names.subjectOf(role))).toEqual(names.all(PRODUCTS));
  expect(names.currentProductSql).toBe('current_user::text');
});

test('with one every role begins with it, and the way back finds the product', () => {
  const names = new RoleNames('blue');
  expect(names.all(PRODUCTS)).toEqual(['blue_owner', 'blue_control', 'blue_backup', 'blue_tea', 'blue_coding_rule2']);
  expect(names.all(PRODUCTS).map((role) => names.subjectOf(role))).toEqual(['blue_owner', 'blue_control', 'blue_backup', 'tea', 'coding_rule2']);
  expect(names.subjectOf('tea')).toBe('tea');
});

test.each(['owner', 'control', 'backup'])('with one a product can\'t take the name of a shared role: %s', (id) => {
  expect(() => new RoleNames('blue').assertProductIds([{ id }])).toThrow(/NAGAYA_ROLE_PREFIX=blue/);
  expect(() => new RoleNames().assertProductIds([{ id }])).not.toThrow();
});

test('the longest names there can be are whole for the server', () => {
  const names = new RoleNames('a'.repeat(16));
  expect(Math.max(...names.all([{ id: 'b'.repeat(31) }]).map((role) => role.length))).toBeLessThan(63);
});
