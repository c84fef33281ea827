import { Injectable, type OnModuleInit } from '@nestjs/common';
import { Databases } from '../../../database/databases.js';
import { JobRunner } from '../../../jobs/job-runner.js';
import { MemoriesService } from './memories.service.js';

/** Deletes expired memories; they are invisible from the moment they expire, so once in ten minutes is soon enough. */
@Injectable()
export class ExpiredMemoriesJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly memories: MemoriesService,
    private readonly databases: Databases,
  ) {}

  onModuleInit(): void {
    if (!this.databases.serves('coding_rule2')) return;
    this.runner.add({
      name: 'coding_rule2.expired-memories',
      everySeconds: 600,
      leaseSeconds: 120,
      run: async (signal) => {
        await this.memories.purgeExpired(signal);
      },
    });
  }
}
