import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import type { ErrorCode } from './app-error.js';
import { fromDatabaseError } from './sqlstate.js';

function postgresError(code: string, more: object = {}): Error {
  return Object.assign(new Error('role "nagaya_control" and constraint "uq_secret" in schema "coding_rule2"'), { code, severity: 'ERROR', ...more });
}

describe('fromDatabaseError', () => {
  it.each<[string, ErrorCode]>([
    ['23505', 'conflict'],
    ['23503', 'conflict'],
    ['22001', 'validation_failed'],
    ['22003', 'validation_failed'],
    ['22P02', 'validation_failed'],
    ['22P05', 'validation_failed'],
    ['08006', 'unavailable'],
    ['08P01', 'unavailable'],
    ['25006', 'unavailable'],
    ['28P01', 'unavailable'],
    ['28000', 'unavailable'],
    ['40001', 'unavailable'],
    ['40P01', 'unavailable'],
    ['53300', 'unavailable'],
    ['53400', 'unavailable'],
    ['57P01', 'unavailable'],
    ['57P02', 'unavailable'],
    ['57P03', 'unavailable'],
    ['ECONNREFUSED', 'unavailable'],
    ['ECONNRESET', 'unavailable'],
    ['ETIMEDOUT', 'unavailable'],
    ['57014', 'timeout'],
    ['55P03', 'timeout'],
    ['25P03', 'timeout'],
    ['42P01', 'product_not_ready'],
    ['42703', 'product_not_ready'],
    ['3F000', 'product_not_ready'],
  ])('%s is %s, and names nothing of the database', (sqlstate, code) => {
    const cause = postgresError(sqlstate);
    const error = fromDatabaseError(cause);
    expect(error).toMatchObject({ code, cause });
    expect(JSON.stringify([error?.message, error?.fields])).not.toMatch(/nagaya_|uq_|coding_rule2|role|schema|constraint/);
    if (code === 'unavailable') expect([1, 2, 3, 4, 5]).toContain(error?.retryAfter);
  });

  it.each(['42501', '42601', '42883', '23502', 'XX000', 'EPERM', ''])('%s is a fault of ours', (sqlstate) => {
    expect(fromDatabaseError(postgresError(sqlstate))).toBeUndefined();
  });

  it('tells a broken check from a row that no partition takes', () => {
    expect(fromDatabaseError(postgresError('23514', { constraint: 'ck' }))).toMatchObject({ code: 'validation_failed', message: expect.not.stringContaining('timestamp') });
    expect(fromDatabaseError(postgresError('23514'))).toMatchObject({ code: 'validation_failed', message: expect.stringContaining('timestamp') });
  });

  it.each<[string, ErrorCode]>([
    ['timeout exceeded when trying to connect', 'unavailable'],
    ['Connection terminated', 'unavailable'],
    ['Connection terminated unexpectedly', 'unavailable'],
    ['Connection terminated due to connection timeout', 'unavailable'],
    ['Client has encountered a connection error and is not queryable', 'unavailable'],
    ['Query read timeout', 'timeout'],
  ])("knows the driver's “%s”", (message, code) => expect(fromDatabaseError(new Error(message))).toMatchObject({ code }));

  it('looks into what TypeORM wraps', () => {
    const wrapped = new QueryFailedError('INSERT …', ['secret'], postgresError('23505'));
    expect(fromDatabaseError(wrapped)).toMatchObject({ code: 'conflict', cause: wrapped });
    expect(fromDatabaseError(new QueryFailedError('SELECT 1', [], new Error('Connection terminated')))).toMatchObject({ code: 'unavailable' });
  });

  it.each([new Error('x'), new TypeError('y'), undefined, null, 'timeout exceeded when trying to connect', { code: '23505' }])('leaves %p alone', (thrown) => {
    expect(fromDatabaseError(thrown)).toBeUndefined();
  });
});
