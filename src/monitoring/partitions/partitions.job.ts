import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Databases } from '../../database/databases.js';
import { dropOldPartitions, makePartitions } from '../../database/partitions.js';
import { JobRunner } from '../../jobs/job-runner.js';

const DAY_S = 86_400;

/** Once a day: make the days to come, drop the days that are over. */
@Injectable()
export class PartitionsJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly databases: Databases,
  ) {}

  onModuleInit(): void {
    this.runner.add({
      name: 'monitoring.partitions',
      everySeconds: DAY_S,
      leaseSeconds: 300,
      run: async () => {
        await makePartitions(this.databases.control);
        await dropOldPartitions(this.databases.control);
      },
    });
  }
}
