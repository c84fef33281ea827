import { Module } from '@nestjs/common';
import { DiscoveryModule, DiscoveryService, MetadataScanner } from '@nestjs/core';
import { JobsModule } from '../jobs/jobs.module.js';
import { ExpiredRecordsJob } from './expired-records.job.js';
import { IdempotencyInterceptor } from './idempotency.interceptor.js';
import { interceptWritingPosts } from './writing-posts.js';

/** Requests that may be sent twice. */
@Module({
  imports: [DiscoveryModule, JobsModule],
  providers: [ExpiredRecordsJob, IdempotencyInterceptor],
})
export class IdempotencyModule {
  /** Here, because the routes are made before any hook of a module is called. */
  constructor(discovery: DiscoveryService, scanner: MetadataScanner, interceptor: IdempotencyInterceptor) {
    interceptWritingPosts(discovery, scanner, interceptor);
  }
}
