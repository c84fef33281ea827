import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import { JobRunner } from '../jobs/job-runner.js';

/** Once an hour, records that no longer count are deleted: in steps, so that no statement runs long. */
@Injectable()
export class ExpiredRecordsJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly databases: Databases,
  ) {}

  onModuleInit(): void {
    this.runner.add({ name: 'core.idempotency-records', everySeconds: 3_600, leaseSeconds: 120, run: (signal) => this.purge(signal) });
  }

  private async purge(signal: AbortSignal): Promise<void> {
    for (let deleted = 1; deleted > 0 && !signal.aborted; ) {
      const rows = await this.databases.control.query(
        `DELETE FROM core.idempotency_records
          WHERE (product_id, api_key_id, request_key) IN (
            SELECT product_id, api_key_id, request_key FROM core.idempotency_records
             WHERE created_at < now() - interval '24 hours' ORDER BY created_at LIMIT 1000)
         RETURNING 1 AS one`,
      );
      deleted = rows.length;
    }
  }
}
