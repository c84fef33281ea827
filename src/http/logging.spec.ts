import { describe, expect, it } from '@jest/globals';
import { QueryFailedError } from 'typeorm';
import { createLogger, NestLogger } from './logging.js';

function recorder(level = 'trace') {
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger(level, { write: (line) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  return { logger, lines };
}

describe('the logger', () => {
  it('writes of a database error what finds the fault, and none of the values', () => {
    const { logger, lines } = recorder();
    const driverError = Object.assign(new Error('duplicate key'), { code: '23505', table: 't', constraint: 'uq', detail: 'Key (email)=(s3cret) exists' });
    logger.error({ err: new QueryFailedError('INSERT INTO t VALUES ($1)', ['s3cret'], driverError) }, 'failed');
    expect(lines[0]).toMatchObject({
      msg: 'failed',
      err: { type: 'QueryFailedError', query: 'INSERT INTO t VALUES ($1)', cause: { message: 'duplicate key', code: '23505', table: 't', constraint: 'uq' } },
    });
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });

  it('follows causes, but not in circles', () => {
    const { logger, lines } = recorder();
    const error = new Error('round');
    error.cause = error;
    logger.error({ err: error }, 'failed');
    expect(lines).toHaveLength(1);
  });

  it('writes nothing of a request but its method and route', () => {
    const { logger, lines } = recorder();
    const request = { method: 'GET', url: '/v1/x?token=s3cret', headers: { authorization: 's3cret' }, routeOptions: { url: '/v1/x' } };
    logger.info({ req: request, res: { statusCode: 200, headers: { 'set-cookie': 's3cret' } } }, 'seen');
    expect(lines[0]).toMatchObject({ req: { method: 'GET', route: '/v1/x' }, res: { status: 200 } });
    expect(JSON.stringify(lines)).not.toContain('s3cret');
  });
});

describe('NestLogger', () => {
  it('keeps the level, the message and who speaks, and is quiet about the wiring', () => {
    const { logger, lines } = recorder();
    const nest = new NestLogger(logger);
    nest.log('started', 'JobRunner');
    nest.log('Mapped a route', 'RouterExplorer');
    nest.error('broke', 'Error: x\n    at y', 'Some');
    nest.warn({ odd: 1 });
    nest.error(new Error('thrown'));
    expect(lines).toMatchObject([
      { level: 'info', msg: 'started', context: 'JobRunner' },
      { level: 'debug', msg: 'Mapped a route', context: 'RouterExplorer' },
      { level: 'error', msg: 'broke', context: 'Some', stack: 'Error: x\n    at y' },
      { level: 'warn', msg: '{"odd":1}' },
      { level: 'error', msg: 'thrown', err: { message: 'thrown' } },
    ]);
  });
});
