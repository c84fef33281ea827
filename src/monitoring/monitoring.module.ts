import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.js';
import { MetricsController } from './metrics/metrics.controller.js';
import { MetricsService } from './metrics/metrics.service.js';
import { PartitionsJob } from './partitions/partitions.job.js';
import { WorkersController } from './workers/workers.controller.js';
import { WorkersService } from './workers/workers.service.js';

/** What products measure, and who works for them. */
@Module({
  imports: [JobsModule],
  controllers: [MetricsController, WorkersController],
  providers: [MetricsService, PartitionsJob, WorkersService],
})
export class MonitoringModule {}
