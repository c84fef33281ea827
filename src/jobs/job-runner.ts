import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { JobClaims } from './job-claims.js';
import { JobFigures } from './job-figures.js';
import type { Job } from './job.js';

const TICK_MS = 5_000;

/** Asks every few seconds which jobs are due, claims them one by one and runs them. */
@Injectable()
export class JobRunner implements BeforeApplicationShutdown {
  private readonly logger = new Logger(JobRunner.name);
  private readonly jobs: Job[] = [];
  private readonly registered = new Set<string>();
  private readonly stopping = new AbortController();
  private ticking: Promise<void> | undefined;

  constructor(
    private readonly claims: JobClaims,
    private readonly figures: JobFigures,
  ) {}

  /** Called by modules when they start. */
  add(job: Job): void {
    this.jobs.push(job);
  }

  /** @nestjs/schedule does not wait for a run to end before it starts the next, so this does. */
  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.ticking !== undefined || this.stopping.signal.aborted) return;
    this.ticking = this.runDue().finally(() => (this.ticking = undefined));
    await this.ticking;
  }

  /** A job at work is told to stop and waited for; what it had not done comes back when its lease ends. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await this.ticking;
  }

  private async runDue(): Promise<void> {
    for (const job of this.jobs) {
      if (this.stopping.signal.aborted) return;
      try {
        await this.runIfDue(job);
      } catch (error) {
        this.logger.warn(`The job ${job.name} could not be claimed or finished: ${reason(error)}`);
      }
    }
  }

  private async runIfDue(job: Job): Promise<void> {
    if (!this.registered.has(job.name)) {
      await this.claims.register(job);
      this.registered.add(job.name);
    }
    const attempt = await this.claims.claim(job);
    if (attempt === undefined) return;
    const started = performance.now();
    const error = await this.runClaimed(job, attempt);
    this.figures.ran(job.name, (performance.now() - started) / 1_000, error !== null);
    if (error !== null) this.logger.error(`The job ${job.name} failed and will be tried again: ${error}`);
    const isOurs = await this.claims.finish(job, attempt, error);
    if (!isOurs) this.logger.warn(`The job ${job.name} took longer than its lease and was taken over by another process.`);
  }

  /** @returns why it failed, or null */
  private async runClaimed(job: Job, attempt: string): Promise<string | null> {
    // Claimed in the moment in which the process was told to stop: a job that only listens for that would never hear it.
    if (this.stopping.signal.aborted) return 'the process stopped before it began';
    const lost = new AbortController();
    const renewal = setInterval(() => {
      this.claims.renew(job, attempt).then(
        (isOurs) => isOurs || lost.abort(),
        // The next renewal may succeed; if none does, the lease ends and another replica takes over.
        (error: unknown) => this.logger.warn(`The lease of the job ${job.name} could not be renewed: ${reason(error)}`),
      );
    }, (job.leaseSeconds * 1_000) / 3);
    try {
      await job.run(AbortSignal.any([this.stopping.signal, lost.signal]));
      return null;
    } catch (error) {
      return reason(error);
    } finally {
      clearInterval(renewal);
    }
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
