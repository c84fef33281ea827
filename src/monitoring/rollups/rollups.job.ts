import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobRunner } from '../../jobs/job-runner.js';
import { RollupWriter } from './rollup-writer.js';

/** Every minute: an hour is rolled up soon after it is over, and soon again after rows for it came late. */
@Injectable()
export class RollupsJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly writer: RollupWriter,
  ) {}

  onModuleInit(): void {
    this.runner.add({
      name: 'monitoring.metric-rollups',
      everySeconds: 60,
      leaseSeconds: 120,
      run: async (signal) => {
        await this.writer.rollUpDue(signal);
        await this.writer.forgetOld();
      },
    });
  }
}
