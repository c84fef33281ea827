import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags, ApiUnauthorizedResponse } from '@nestjs/swagger';
import { Registry } from 'prom-client';
import { Public } from '../auth/access.js';
import { Metrics } from './metrics.js';

/** For Prometheus. */
@ApiTags('Probes')
@Public()
@Controller('metrics')
export class MetricsController {
  constructor(private readonly metrics: Metrics) {}

  @Get()
  @Header('content-type', Registry.PROMETHEUS_CONTENT_TYPE)
  @Header('cache-control', 'no-store')
  @ApiOperation({
    summary: 'Figures for Prometheus',
    description: 'No API key: the bearer token of `NAGAYA_METRICS_TOKEN` where one is set, nothing otherwise.',
  })
  @ApiOkResponse({ description: 'The text exposition format.', content: { 'text/plain': { schema: { type: 'string' }, example: 'nagaya_http_requests_in_flight 1\n' } } })
  @ApiUnauthorizedResponse({
    description: '`unauthenticated`: the token is missing or wrong.',
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
  })
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
