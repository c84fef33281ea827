import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { CanaryJob } from './canary.job.js';
import { Canary } from './canary.js';

/** Whether products are kept apart, tried in production. */
@Module({
  imports: [AlertsModule, JobsModule, MetricsModule],
  providers: [Canary, CanaryJob],
})
export class IsolationModule {}
