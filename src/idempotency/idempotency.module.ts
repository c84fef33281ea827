import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { JobsModule } from '../jobs/jobs.module.js';
import { ExpiredRecordsJob } from './expired-records.job.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';

/** Requests that may be sent twice. */
@Module({
  imports: [JobsModule],
  providers: [ExpiredRecordsJob, { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor }],
})
export class IdempotencyModule {}
