import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Get, Head, HttpCode, Module, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AppError } from '../errors/app-error.js';
import { ProblemJsonFilter } from '../errors/problem-json.filter.js';
import { createFastifyAdapter } from './fastify.js';
import { EmbeddingField, InstantField, IntegerField, ItemsField, JsonField, TextField } from './fields.js';
import { createLogger, NestLogger } from './logging.js';
import { TimeRangeQuery } from './paging.js';
import { TextPath, UuidPath } from './path-params.js';
import { ValidationPipe } from './validation.pipe.js';

class Note {
  @TextField({ description: 'What it says.', example: 'hello', max: 5 })
  text!: string;

  @IntegerField({ description: 'How often.', example: 2, min: 1, max: 10, default: 1 })
  times!: number;

  @InstantField({ description: 'When.', example: '2026-01-01T00:00:00Z', optional: true })
  at?: Date;

  @JsonField({ description: 'Anything else.', example: { a: 1 }, default: {} })
  data!: Record<string, unknown>;

  @EmbeddingField({ description: 'A small vector.', dimensions: 3, optional: true })
  vector?: Float32Array;
}

class Notes {
  @ItemsField({ description: 'The notes.', type: () => Note, min: 1, max: 3 })
  items!: Note[];
}

@Controller('v1/products/:productId/notes')
class NotesController {
  @Post()
  create(@Body() note: Note): object {
    return { ...note, kind: note.constructor.name };
  }

  @Post('batch')
  @HttpCode(201)
  createMany(@Body() notes: Notes): object {
    return { accepted: notes.items.length };
  }

  @Get()
  list(@Query() query: TimeRangeQuery): object {
    return query;
  }

  @Get('failing/:how')
  fail(@TextPath('how', { description: 'How.', max: 10 }) how: string): object {
    switch (how) {
      case 'error':
        throw new Error('secret table coding_rule2.t is gone');
      case 'pg':
        throw Object.assign(new Error('duplicate key value violates unique constraint "uq_secret"'), { code: '23505', constraint: 'uq_secret' });
      case 'busy':
        throw new Error('timeout exceeded when trying to connect');
      case 'wrapped':
        throw Object.assign(new Error('query failed'), { driverError: Object.assign(new Error('canceling'), { code: '57014' }) });
      case 'auth':
        throw new AppError('unauthenticated', 'Send a key.');
      default:
        throw undefined;
    }
  }

  @Get(':id')
  @Head(':id')
  read(@UuidPath() id: string): object {
    return { id };
  }
}

@Module({ controllers: [NotesController] })
class ToyModule {}

const BASE = '/v1/products/coding_rule2/notes';
let app: NestFastifyApplication;
const logged: string[] = [];

beforeAll(async () => {
  const logger = createLogger('info', { write: (line) => void logged.push(line) });
  app = await NestFactory.create<NestFastifyApplication>(ToyModule, createFastifyAdapter({ bodyLimit: 100_000, logger }), {
    logger: new NestLogger(logger),
  });
  app.useGlobalPipes(new ValidationPipe());
  app.useGlobalFilters(new ProblemJsonFilter());
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterAll(async () => app.close());

async function post(payload: string | Buffer | object, headers: Record<string, string> = {}, url = BASE) {
  return app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', 'x-request-id': 'test-1', ...headers } });
}

function refusal(...errors: [pointer: string, detail: string][]) {
  return {
    type: 'urn:nagaya:problem:validation_failed',
    title: 'The request is not valid',
    status: 400,
    code: 'validation_failed',
    detail: 'The request is not valid: see "errors" for each field that has to change.',
    errors: errors.map(([pointer, detail]) => ({ pointer, detail })),
    requestId: 'test-1',
  };
}

describe('bodies', () => {
  it('reads a body into an instance of its class', async () => {
    const answer = await post({ text: 'héllo', at: '2026-01-01T09:00:00+09:00', vector: [1, 2, 3] });
    expect(answer.statusCode).toBe(201);
    expect(answer.json()).toEqual({ text: 'héllo', times: 1, at: '2026-01-01T00:00:00.000Z', data: {}, vector: { 0: 1, 1: 2, 2: 3 }, kind: 'Note' });
  });
});

describe('first look', () => {
  it.each([
    ['{"a":', ''],
    ['{"text":"a","x":1}', ''],
    ['[' .repeat(70000), ''],
  ])('%#', async (body) => {
    const answer = await post(body);
    console.log(answer.statusCode, answer.headers, answer.body);
  });
  it('x', async () => {
    for (const url of ['/nope', BASE + '/failing/error', BASE + '/failing/pg', BASE + '/failing/busy', BASE + '/failing/wrapped', BASE + '/failing/auth', BASE + '/failing/undefined', BASE + '/abc', BASE + '/failing/aaaaaaaaaaaaaaaaa', BASE + '/failing/%00', BASE + '/failing/%ff', BASE + '?limit=abc&limit=2&foo=1&since=2026-01-02T00:00:00Z&until=2026-01-01T00:00:00Z', BASE+'?limit=']) {
      const answer = await app.inject({ url });
      console.log(url, answer.statusCode, answer.headers, answer.body);
    }
    for (const ct of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data', '']) { const answer = await post('a=b', { 'content-type': ct }); console.log(ct, answer.statusCode, answer.body); }
    console.log((await app.inject({ method: 'HEAD', url: BASE + '/abc' })).body, (await app.inject({ method: 'HEAD', url: '/abc' })).statusCode);
    console.log(logged.join(''));
  });
});
void refusal;
