import { Module } from '@nestjs/common';
import { AlertsModule } from '../alerts/alerts.module.js';
import { JobsModule } from '../jobs/jobs.module.js';
import { MetricsModule } from '../metrics/metrics.module.js';
import { DriftRecord } from './drift-record.js';
import { DriftRule } from './drift-rule.js';
import { DriftJob } from './drift.job.js';

/** Whether the schemas are still what their migrations made. */
@Module({
  imports: [AlertsModule, JobsModule, MetricsModule],
  providers: [DriftJob, DriftRecord, DriftRule],
})
export class DriftModule {}
