import { Controller, Get, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { OperatorOnly, ProductAccess } from '../../auth/access.js';
import { Answered } from '../../http/answers.js';
import { AnswersPageOf, decodeCursor, encodeCursor, PageQuery, type Page } from '../../http/paging.js';
import { TextPath } from '../../http/path-params.js';
import { ProductPath } from '../../http/product-path.js';
import { pageOf, placeIn } from '../../http/slice-page.js';
import { HealthReader } from './health-reader.js';
import { HealthHistoryQuery, SchemaHealthReport } from './schema-health.dto.js';

@ApiTags('Health')
@ProductAccess()
@Controller('v1/products/:productId/health')
export class ProductHealthController {
  constructor(private readonly reader: HealthReader) {}

  @Get()
  @ApiOperation({ summary: 'How the schema of a product is', description: 'As of the last check: at start and every five minutes.' })
  @Answered(SchemaHealthReport, 'The newest check.')
  latest(@ProductPath() productId: string): Promise<SchemaHealthReport> {
    return this.reader.latestOf(productId);
  }

  @Get('history')
  @ApiOperation({ summary: 'How it was, newest first', description: 'Every check of two days, and the first of each hour for ninety days.' })
  @AnswersPageOf(SchemaHealthReport)
  async history(@ProductPath() productId: string, @Query() query: HealthHistoryQuery): Promise<Page<SchemaHealthReport>> {
    return pageOf(await this.reader.historyOf(productId, query, query.limit, placeIn(query, 'timestamptz')));
  }
}

@ApiTags('Health')
@OperatorOnly()
@Controller('v1/schema-health')
export class SchemaHealthController {
  constructor(private readonly reader: HealthReader) {}

  @Get()
  @ApiOperation({ summary: 'How all schemas are, core and monitoring too, by id' })
  @AnswersPageOf(SchemaHealthReport)
  async list(@Query() query: PageQuery): Promise<Page<SchemaHealthReport>> {
    const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ([id, ...rest]) => (rest.length === 0 ? id : undefined));
    const { items, next } = await this.reader.latest(query.limit, after);
    return { items, nextCursor: next === null ? null : encodeCursor([next]) };
  }

  @Get(':schema/history')
  @ApiOperation({ summary: 'How one schema was, newest first' })
  @AnswersPageOf(SchemaHealthReport)
  async history(
    @TextPath('schema', { description: 'A product, core or monitoring.', example: 'core', max: 31 }) schema: string,
    @Query() query: HealthHistoryQuery,
  ): Promise<Page<SchemaHealthReport>> {
    return pageOf(await this.reader.historyOfSchema(schema, query, query.limit, placeIn(query, 'timestamptz')));
  }
}
