import 'reflect-metadata';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Body, Controller, Delete, Get, Module, Post, Query } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { ApiOperation, ApiTags, type OpenAPIObject } from '@nestjs/swagger';
import { Answered, Answers, Created, Deleted } from './answers.js';
import { createFastifyAdapter } from './fastify.js';
import { BooleanField, EmbeddingField, InstantField, ItemsField, JsonField, OneOfField, TextField, TextListField } from './fields.js';
import { createLogger } from './logging.js';
import { buildOpenApi, serveDocs, undocumentedOperations } from './openapi.js';
import { AnswersPageOf, PageQuery } from './paging.js';
import { TextPath, UuidPath } from './path-params.js';
import { setSecurityHeaders } from './security-headers.js';
import { Shown } from './shown.js';

class Row {
  @Shown({ as: 'uuid', description: 'Its id.', example: '0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e' })
  id!: string;

  @Shown({ as: ['low', 'high'], description: 'How much.', example: 'low' })
  level!: string;

  @Shown({ as: 'instant', description: 'When it ended.', nullable: true, example: null })
  endedAt!: Date | null;

  @Shown({ as: 'text', list: true, description: 'Its tags.', example: ['a'] })
  tags!: string[];

  @Shown({ as: () => Row, description: 'The one above.', nullable: true, optional: true })
  parent?: Row | null;
}

class CreateRow {
  @TextField({ description: 'A name.', example: 'a', max: 10, pattern: { matches: /^[a-z]+$/, means: 'lower-case letters' } })
  name!: string;

  @OneOfField({ description: 'How much.', values: ['low', 'high'], default: 'low' })
  level!: string;

  @InstantField({ description: 'When.', example: '2026-01-01T00:00:00Z', optional: true, nullable: true })
  at?: Date | null;

  @EmbeddingField({ description: 'A vector.', dimensions: 3, optional: true })
  embedding?: Float32Array;

  @TextListField({ description: 'Tags.', example: ['a'], maxItems: 3, maxLength: 5, optional: true })
  tags?: string[];

  @JsonField({ description: 'Data.', example: { a: 1 }, default: {} })
  data!: Record<string, unknown>;
}

class CreateRows {
  @ItemsField({ description: 'The rows.', type: () => CreateRow, min: 1, max: 500 })
  items!: CreateRow[];
}

class RowQuery extends PageQuery {
  @BooleanField({ description: 'Only these.', optional: true })
  only?: boolean;
}

@ApiTags('Rows')
@Controller('v1/products/:productId/rows')
class RowsController {
  @Post()
  @ApiOperation({ summary: 'Make a row' })
  @Created(Row)
  @Answers('conflict', 'idempotency_key_reused', 'idempotency_in_progress')
  create(@TextPath('productId', { description: 'The product.', max: 30 }) _product: string, @Body() row: CreateRow): object {
    return row;
  }

  @Post('batch')
  @ApiOperation({ summary: 'Make rows' })
  @Created(Row)
  createMany(@Body() rows: CreateRows): object {
    return rows;
  }

  @Get()
  @ApiOperation({ summary: 'List rows' })
  @AnswersPageOf(Row)
  list(@Query() query: RowQuery): object {
    return query;
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a row' })
  @Answered(Row)
  read(@UuidPath() id: string): object {
    return { id };
  }

  @Delete(':id')
  @ApiOperation({ summary: 'Delete a row' })
  @Deleted()
  remove(@UuidPath() _id: string): void {}
}

@Controller('health')
class HealthController {
  @Get('live')
  live(): object {
    return {};
  }
}

@Module({ controllers: [RowsController, HealthController] })
class ToyModule {}

let app: NestFastifyApplication;
let document: OpenAPIObject;
const ROWS = '/v1/products/{productId}/rows';

beforeAll(async () => {
  const adapter = createFastifyAdapter({ logger: createLogger('silent') });
  app = await NestFactory.create<NestFastifyApplication>(ToyModule, adapter, { logger: ['error', 'fatal'] });
  setSecurityHeaders(app.getHttpAdapter().getInstance());
  document = buildOpenApi(app, { title: 'Toy', version: '1.2.3', description: 'A toy.', tags: [{ name: 'Rows', description: 'The rows.' }] });
  serveDocs(app, document);
  await app.init();
  await app.getHttpAdapter().getInstance().ready();
});

afterAll(async () => app.close());

function schema(name: string): Record<string, unknown> {
  return JSON.parse(JSON.stringify(document.components?.schemas?.[name])) as Record<string, unknown>;
}

describe('the OpenAPI document', () => {
  it('is version 3.1 with a bearer key under /v1/ and none elsewhere', () => {
    expect(document.openapi).toBe('3.1.0');
    expect(document.security).toEqual([{ apiKey: [] }]);
    expect(document.components?.securitySchemes).toMatchObject({ apiKey: { type: 'http', scheme: 'bearer' } });
    expect(document.paths[ROWS]?.post?.security).toBeUndefined();
    expect(document.paths['/health/live']?.get?.security).toEqual([]);
  });

  it('describes a request by the rules that check it', () => {
    expect(schema('CreateRow')).toEqual({
      type: 'object',
      required: ['name'],
      properties: {
        name: { type: 'string', description: 'A name.', example: 'a', minLength: 1, maxLength: 10, pattern: '^[a-z]+$' },
        level: { type: 'string', description: 'How much.', enum: ['low', 'high'], default: 'low' },
        at: { type: ['string', 'null'], format: 'date-time', description: 'When.', example: '2026-01-01T00:00:00Z' },
        embedding: {
          description: 'A vector.',
          oneOf: [
            { type: 'array', items: { type: 'number' }, minItems: 3, maxItems: 3 },
            { type: 'string', contentEncoding: 'base64', minLength: 16, maxLength: 16 },
          ],
        },
        tags: {
          type: 'array',
          description: 'Tags.',
          example: ['a'],
          minItems: 0,
          maxItems: 3,
          items: { type: 'string', minLength: 1, maxLength: 5 },
        },
        data: { type: 'object', description: 'Data.', example: { a: 1 }, default: {}, additionalProperties: true },
      },
      additionalProperties: false,
    });
    expect(schema('CreateRows')).toMatchObject({
      properties: { items: { type: 'array', minItems: 1, maxItems: 500, items: { $ref: '#/components/schemas/CreateRow' } } },
    });
  });

  it('describes an answer in its own words', () => {
    expect(schema('Row')).toMatchObject({
      required: ['id', 'level', 'endedAt', 'tags'],
      properties: {
        id: { type: 'string', format: 'uuid' },
        level: { type: 'string', enum: ['low', 'high'] },
        endedAt: { type: ['string', 'null'], format: 'date-time' },
        tags: { type: 'array', items: { type: 'string' } },
        parent: { anyOf: [{ $ref: '#/components/schemas/Row' }, { type: 'null' }] },
      },
    });
    const page = document.paths[ROWS]?.get?.responses['200'];
    expect(page).toMatchObject({
      content: {
        'application/json': {
          schema: {
            required: ['items', 'nextCursor'],
            properties: { items: { items: { $ref: '#/components/schemas/Row' } }, nextCursor: { type: ['string', 'null'] } },
          },
        },
      },
    });
    expect(document.paths[ROWS]?.post?.responses['201']).toMatchObject({ headers: { Location: {} } });
    expect(Object.keys(document.paths[`${ROWS}/{id}`]?.delete?.responses ?? {})).toContain('204');
  });

  it('describes each parameter once', () => {
    expect(document.paths[ROWS]?.get?.parameters).toEqual([
      expect.objectContaining({ name: 'limit', in: 'query', required: false, schema: expect.objectContaining({ type: 'integer', minimum: 1, maximum: 100, default: 20 }) }),
      expect.objectContaining({ name: 'cursor', in: 'query', required: false }),
      expect.objectContaining({ name: 'only', in: 'query', required: false, schema: { type: 'boolean' } }),
    ]);
    expect(document.paths[`${ROWS}/{id}`]?.get?.parameters).toEqual([
      expect.objectContaining({ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }),
    ]);
  });

  it('describes the problems of an operation, its own and the usual ones, with an example of each code', () => {
    const { responses } = document.paths[ROWS]!.post!;
    expect(Object.keys(responses).sort()).toEqual(['201', '400', '401', '403', '404', '409', '413', '415', '422', '429', '500', '503', '504']);
    expect(responses['409']).toMatchObject({
      content: {
        'application/problem+json': {
          schema: { $ref: '#/components/schemas/Problem' },
          examples: { conflict: { value: { status: 409, code: 'conflict' } }, idempotency_in_progress: { value: { code: 'idempotency_in_progress' } } },
        },
      },
    });
    expect(responses['503']).toMatchObject({ headers: { 'Retry-After': {} } });
    expect(JSON.stringify(document)).not.toContain('x-problem-codes');
  });

  it('names each operation, and says which ones a reader would not understand', () => {
    expect(document.paths[ROWS]?.post).toMatchObject({ operationId: 'rowsCreate', summary: 'Make a row', tags: ['Rows'] });
    expect(undocumentedOperations(document).toSorted()).toEqual([
      `POST ${ROWS}/batch lacks the parameter productId`,
      `GET ${ROWS} lacks the parameter productId`,
      `GET ${ROWS}/{id} lacks the parameter productId`,
      `DELETE ${ROWS}/{id} lacks the parameter productId`,
      'GET /health/live lacks a summary, a tag',
    ].toSorted());
  });

  it('refers to nothing that is not there', () => {
    const references = JSON.stringify(document).match(/#\/components\/schemas\/[^"]*/g) ?? [];
    for (const reference of references) expect(document.components?.schemas).toHaveProperty([reference.split('/').at(-1)!]);
  });
});

describe('the documentation', () => {
  it('serves the document', async () => {
    const answer = await app.inject('/openapi.json');
    expect(answer.headers['content-type']).toContain('application/json');
    expect(answer.json()).toEqual(JSON.parse(JSON.stringify(document)));
  });

  it('is a page whose every part comes from here, within the content security policy', async () => {
    const page = await app.inject('/docs');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toContain("script-src 'self'");
    expect(page.body).not.toMatch(/<script>|<script [^>]*src="http|href="http/);
    for (const [, path] of page.body.matchAll(/(?:src|href)="\.\/([^"]+)"/g)) {
      expect((await app.inject(`/${path}`)).statusCode).toBe(200);
    }
    expect((await app.inject('/docs/swagger-ui-init.js')).body).toContain('"validatorUrl": null');
    expect((await app.inject('/docs-yaml')).statusCode).toBe(404);
  });
});
