import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { HOUSE } from '../database/database.module.js';
import { Databases } from '../database/databases.js';
import type { House } from '../database/migrator.js';
import { jobOfServed } from '../jobs/job-of-served.js';
import { JobRunner } from '../jobs/job-runner.js';
import { RowRetention } from './row-retention.js';

/** Rows are kept for days: ten minutes more are no matter, and what a turn leaves goes at the next. */
const EVERY_S = 600;

@Injectable()
export class RetentionJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly retention: RowRetention,
    private readonly databases: Databases,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  onModuleInit(): void {
    const aging = this.house.products.filter(({ retention }) => retention !== undefined).map(({ id }) => id);
    if (!aging.some((id) => this.databases.serves(id))) return;
    this.runner.add({
      name: jobOfServed('retention', aging, this.databases),
      everySeconds: EVERY_S,
      leaseSeconds: 120,
      run: async (signal) => {
        await this.retention.tidy(signal);
      },
    });
  }
}
