import { Injectable } from '@nestjs/common';
import { Counter, Histogram } from 'prom-client';
import { Databases } from '../database/databases.js';
import { Metrics } from '../metrics/metrics.js';

interface JobFigure {
  name: string;
  finishedAt: number | null;
  seconds: number | null;
  failing: boolean;
}

/** A run under way has a start that is later than the end of the one before. */
const JOBS_SQL = `
  SELECT name, extract(epoch FROM last_finished_at)::float8 AS "finishedAt",
         extract(epoch FROM last_finished_at - last_started_at)::float8 AS seconds, last_error IS NOT NULL AS failing
    FROM core.jobs`;

/** Seconds: from a purge that finds nothing to a sweep over a thousand schemas. */
const BUCKETS = [0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1_800];

/** How scheduled work goes: by the table for all replicas together, and counted for what this process ran. */
@Injectable()
export class JobFigures {
  private readonly durations: Histogram;
  private readonly failures: Counter;

  constructor(metrics: Metrics, databases: Databases) {
    this.durations = new Histogram({
      name: 'nagaya_job_duration_seconds',
      help: 'Duration of the runs of each job that this process made.',
      labelNames: ['job'],
      buckets: BUCKETS,
      registers: [metrics.registry],
    });
    this.failures = new Counter({
      name: 'nagaya_job_failures_total',
      help: 'Runs of each job that this process made and that failed.',
      labelNames: ['job'],
      registers: [metrics.registry],
    });
    metrics.addFigures<JobFigure>({
      read: () => databases.control.query<JobFigure>(JOBS_SQL),
      gauges: [
        {
          name: 'nagaya_job_last_run_timestamp_seconds',
          help: 'When the last run of each job ended, on whichever replica.',
          labels: ['job'],
          of: ({ name, finishedAt }) => (finishedAt === null ? undefined : { labels: { job: name }, value: finishedAt }),
        },
        {
          name: 'nagaya_job_last_duration_seconds',
          help: 'How long the last run of each job took; left out while one is under way.',
          labels: ['job'],
          of: ({ name, seconds }) => (seconds === null || seconds < 0 ? undefined : { labels: { job: name }, value: seconds }),
        },
        {
          name: 'nagaya_job_failing',
          help: '1 where the last run of the job failed, 0 where it did what it had to.',
          labels: ['job'],
          of: ({ name, failing }) => ({ labels: { job: name }, value: failing ? 1 : 0 }),
        },
      ],
    });
  }

  /** @param seconds how long the run took */
  ran(job: string, seconds: number, failed: boolean): void {
    this.durations.observe({ job }, seconds);
    this.failures.inc({ job }, failed ? 1 : 0);
  }
}
