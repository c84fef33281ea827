import { Module } from '@nestjs/common';
import { JobsModule } from '../jobs/jobs.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { RetentionJob } from './retention.job.js';
import { RowRetention } from './row-retention.js';

/** Rows that are deleted by age, as the manifests and the operators say. */
@Module({
  imports: [JobsModule, MetricsModule],
  providers: [RetentionJob, RowRetention],
  exports: [RowRetention],
})
export class RetentionModule {}
