import { Injectable, type OnModuleInit } from '@nestjs/common';
import { JobRunner } from '../jobs/job-runner.js';
import { AlertEvaluator } from './evaluation/alert-evaluator.js';

/** The rules are looked at four times a minute, by one of all processes. */
export const ALERTS_JOB = { name: 'monitoring.alerts', everySeconds: 15, leaseSeconds: 60 } as const;

@Injectable()
export class AlertsJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly evaluator: AlertEvaluator,
  ) {}

  onModuleInit(): void {
    this.runner.add({ ...ALERTS_JOB, run: (signal) => this.evaluator.evaluate(signal) });
  }
}
