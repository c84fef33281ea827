import { Module } from '@nestjs/common';
import { HttpFigures } from './http-figures.js';
import { MetricsController } from './metrics.controller.js';
import { Metrics } from './metrics.js';
import { PoolFigures } from './pool-figures.js';

/** Import it and inject `Metrics` to add figures. */
@Module({
  controllers: [MetricsController],
  providers: [Metrics, HttpFigures, PoolFigures],
  exports: [Metrics],
})
export class MetricsModule {}
