import { Body, Controller, Get, Post, Query } from '@nestjs/common';
import { ApiOperation, ApiTags } from '@nestjs/swagger';
import { ProductAccess } from '../../auth/access.js';
import { Answered, Created } from '../../http/answers.js';
import { AnswersPageOf, type Page } from '../../http/paging.js';
import { ProductPath } from '../../http/product-path.js';
import { pageOf, placeIn } from '../../http/slice-page.js';
import { ListMetrics, MetricSummary, RecordedMetrics, RecordMetrics, SummariseMetrics } from './metric.dto.js';
import { MetricsService } from './metrics.service.js';
import { PerformanceMetric } from './performance-metric.entity.js';

@ApiTags('Metrics')
@ProductAccess()
@Controller('v1/products/:productId/metrics')
export class MetricsController {
  constructor(private readonly metrics: MetricsService) {}

  @Post('batch')
  @ApiOperation({ summary: 'Record up to 10,000 measurements', description: 'All are recorded, or none.' })
  @Created(RecordedMetrics, 'All recorded.')
  async record(@ProductPath() productId: string, @Body() body: RecordMetrics): Promise<RecordedMetrics> {
    return { accepted: await this.metrics.record(productId, body.items) };
  }

  @Get()
  @ApiOperation({ summary: 'List measurements, newest first' })
  @AnswersPageOf(PerformanceMetric)
  async list(@ProductPath() productId: string, @Query() query: ListMetrics): Promise<Page<PerformanceMetric>> {
    return pageOf(await this.metrics.list(productId, query, query.limit, placeIn(query, 'timestamptz')));
  }

  @Get('summary')
  @ApiOperation({ summary: 'Summarise measurements by time', description: 'Count, extremes, mean and percentiles of each bucket, oldest first.' })
  @Answered(MetricSummary, 'The buckets.')
  async summarise(@ProductPath() productId: string, @Query() query: SummariseMetrics): Promise<MetricSummary> {
    return { items: await this.metrics.summarise(productId, query) };
  }
}
