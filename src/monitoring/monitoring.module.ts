import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { MetricsService } from './metrics/metrics.service.js';
import { PartitionsJob } from './partitions/partitions.job.js';
import { PartitionsRule } from './partitions/partitions-rule.js';
import { MetricSummaries } from './rollups/metric-summaries.js';
import { RollupWriter } from './rollups/rollup-writer.js';
import { RollupsJob } from './rollups/rollups.job.js';
import { DeadWorkers } from './workers/dead-workers.js';
import { WorkersController } from './workers/workers.controller.js';
import { WorkersService } from './workers/workers.service.js';

/** What products measure, and who works for them. */
@Module({
  imports: [AlertsModule, JobsModule, MetricsModule],
  controllers: [MetricsController, WorkersController],
  providers: [DeadWorkers, MetricsService, MetricSummaries, PartitionsJob, PartitionsRule, RollupsJob, RollupWriter, WorkersService],
})
export class MonitoringModule {}
