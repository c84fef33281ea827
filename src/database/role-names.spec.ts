import { expect, test } from '@jest/globals';
import { assertProductIds } from './role-names.js';

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
