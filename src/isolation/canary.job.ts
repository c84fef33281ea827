import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AlertRules } from '../alerts/rules/alert-rules.js';
import type { Observation } from '../alerts/rules/alert-rule.js';
import { Databases } from '../database/databases.js';
import { JobRunner } from '../jobs/job-runner.js';
import { Metrics } from '../metrics/metrics.js';
import { Canary } from './canary.js';

const JOB = 'isolation.canary';
/** Often enough that a hole made by hand is told the same hour, seldom enough to cost nothing. */
const EVERY_S = 300;
/** After so many missed runs it is not known any more whether all is well. */
const MISSED_RUNS = 4;
/** How a run's failure begins where it is a breach; anything else that failed proves nothing either way. */
const BREACHED = 'breached: ';

interface CanaryState {
  finishedAt: Date | null;
  error: string | null;
}

/** The outcome is the job's own row, which every replica sees: the metric and the alert rule read it there. */
@Injectable()
export class CanaryJob implements OnModuleInit {
  constructor(
    private readonly runner: JobRunner,
    private readonly canary: Canary,
    private readonly databases: Databases,
    private readonly rules: AlertRules,
    private readonly metrics: Metrics,
  ) {}

  onModuleInit(): void {
    this.runner.add({ name: JOB, everySeconds: EVERY_S, leaseSeconds: 120, run: (signal) => this.run(signal) });
    this.rules.add({
      id: 'isolation-breached',
      title: 'A product can read another\'s rows',
      severity: 'critical',
      forSeconds: 0,
      evaluate: (now) => this.observe(now),
    });
    this.metrics.addFigures<CanaryState>({
      read: () => this.read(),
      gauges: [
        {
          name: 'nagaya_isolation_breached',
          help: '1 where the canary could read as one product what is another\'s at its last run, 0 where it was refused; absent where it could not tell.',
          labels: [],
          of: ({ error }) => (error === null ? { labels: {}, value: 0 } : error.startsWith(BREACHED) ? { labels: {}, value: 1 } : undefined),
        },
      ],
    });
  }

  /** @throws Error where isolation is void, or where an attempt failed otherwise than by being refused */
  private async run(signal: AbortSignal): Promise<void> {
    const { breaches, unknown, attempts } = await this.canary.run(signal);
    if (breaches.length > 0) throw new Error(`${BREACHED}${breaches.map(({ reader, owner, what }) => `${reader} reads ${what} of ${owner}`).join('; ')}`.slice(0, 2_000));
    if (unknown > 0) throw new Error(`${unknown} of ${attempts} attempts could not be made`);
  }

  private async observe(now: Date): Promise<Observation[]> {
    const [state] = await this.read();
    if (state?.finishedAt == null) return [];
    if (state.error?.startsWith(BREACHED)) return [{ productId: null, state: 'breached', message: `Isolation is void: ${state.error.slice(BREACHED.length)}. Run "nagaya doctor --fix".` }];
    const silentSeconds = (now.getTime() - state.finishedAt.getTime()) / 1_000;
    if (state.error !== null || silentSeconds > MISSED_RUNS * EVERY_S) {
      return [{ productId: null, state: 'no_data', message: `The canary could not tell whether products are kept apart: ${state.error ?? `it has not run for ${Math.round(silentSeconds / 60)} minutes`}.` }];
    }
    return [{ productId: null, state: 'ok', message: 'Every attempt to read a neighbour\'s rows was refused.' }];
  }

  private read(): Promise<CanaryState[]> {
    return this.databases.control.query<CanaryState>('SELECT last_finished_at AS "finishedAt", last_error AS error FROM core.jobs WHERE name = $1 AND last_finished_at IS NOT NULL', [JOB]);
  }
}
