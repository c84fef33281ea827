import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { MetricsModule } from '../metrics/metrics.module.js';
import { JobClaims } from './job-claims.js';
import { JobFigures } from './job-figures.js';
import { JobRunner } from './job-runner.js';

/** Work that runs now and then, once over all replicas. */
@Module({
  imports: [ScheduleModule.forRoot(), MetricsModule],
  providers: [JobClaims, JobFigures, JobRunner],
  exports: [JobRunner],
})
export class JobsModule {}
