import { expect, test } from '@jest/globals';
import pg from 'pg';
import { StatementNames } from './statement-names.js';

function refusal(code: string, routine?: string, message = 'translated into any language'): pg.DatabaseError {
  return Object.assign(new pg.DatabaseError(message, 0, 'error'), { code, routine });
}
const PLAN_CHANGED = refusal('0A000', 'RevalidateCachedQuery');

test('a name says what the statement is, in every process alike', () => {
  const [here, there] = [new StatementNames(), new StatementNames()];
  there.of('SELECT 2');
  expect(here.of('SELECT 1')).toEqual(there.of('SELECT 1'));
  expect(here.of('SELECT 1')).toMatchObject({ name: expect.stringMatching(/^nagaya_[\w-]{22}$/), text: 'SELECT 1' });
  expect(here.of('SELECT 2')?.name).not.toBe(here.of('SELECT 1')?.name);
});

test('after a plan has changed, each statement has another name and another text, once for all connections that find out', () => {
  const names = new StatementNames();
  const before = names.of('SELECT 1')!;
  expect(names.isStale(before, PLAN_CHANGED)).toBe(true);
  expect(names.isStale(before, PLAN_CHANGED)).toBe(true);
  const after = names.of('SELECT 1')!;
  expect(after).toMatchObject({ text: 'SELECT 1 /* 1 */', age: 1 });
  expect(after.name).not.toBe(before.name);
});

test.each([refusal('26000'), refusal('42P05'), refusal('08P01', undefined, 'prepared statement did not exist')])('a statement that is not there, or is there already, is stale too', (error) => {
  const names = new StatementNames();
  expect(names.isStale(names.of('SELECT 1')!, error)).toBe(true);
});

test.each([refusal('0A000', 'transformSelectStmt'), refusal('23505'), refusal('08P01'), refusal('57P01'), new Error('26000')])('any other failure is the statement’s own: %s', (error) => {
  const names = new StatementNames();
  const statement = names.of('SELECT 1')!;
  expect(names.isStale(statement, error)).toBe(false);
  expect(names.of('SELECT 1')).toBe(statement);
});

test('there are only so many, of texts and of ages; what is beyond runs without a name', () => {
  const names = new StatementNames();
  const given = Array.from({ length: 1_000 }, (_, n) => names.of(`SELECT ${n}`)).filter((named) => named !== undefined);
  expect(given).toHaveLength(64);
  expect(names.of('SELECT 3')).toBe(given[3]);
  for (let age = 0; age < 100; age++) {
    const named = names.of('SELECT 1');
    if (named) names.isStale(named, PLAN_CHANGED);
  }
  expect(names.of('SELECT 1')).toBeUndefined();
});
