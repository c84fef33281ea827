import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { AlertRules } from '../../alerts/rules/alert-rules.js';
import { HOUSE } from '../../database/database.module.js';
import type { House } from '../../database/migrator.js';
import { JobRunner } from '../../jobs/job-runner.js';
import { HealthStore } from './health-store.js';
import { alertRuleOf } from './rules/figure-rule.js';
import { FIGURE_RULES } from './rules/figure-rules.js';
import { SchemaHealth } from './schema-health.service.js';

/** At start and every five minutes, by one of all processes. */
export const SCHEMA_HEALTH_JOB = { name: 'monitoring.schema-health', everySeconds: 300, leaseSeconds: 60, atStart: true } as const;

@Injectable()
export class SchemaHealthJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly rules: AlertRules,
    private readonly health: SchemaHealth,
    private readonly store: HealthStore,
    @Inject(HOUSE) private readonly house: House,
  ) {}

  onModuleInit(): void {
    const isProduct = (id: string): boolean => this.house.products.some((product) => product.id === id);
    for (const rule of FIGURE_RULES) this.rules.add(alertRuleOf(rule, this.store, isProduct));
    this.runner.add({
      ...SCHEMA_HEALTH_JOB,
      run: async (signal) => {
        await this.health.sweep(signal);
        await this.store.prune(signal);
      },
    });
  }
}
