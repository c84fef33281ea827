import { Module } from '@nestjs/common';
import { ScheduleModule } from '@nestjs/schedule';
import { JobClaims } from './job-claims.js';
import { JobRunner } from './job-runner.js';

/** Work that runs now and then, once over all replicas. */
@Module({
  imports: [ScheduleModule.forRoot()],
  providers: [JobClaims, JobRunner],
  exports: [JobRunner],
})
export class JobsModule {}
