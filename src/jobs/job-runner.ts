import { Injectable, Logger, type BeforeApplicationShutdown } from '@nestjs/common';
import { Interval } from '@nestjs/schedule';
import { JobClaims } from './job-claims.js';
import { JobFigures } from './job-figures.js';
import type { Job } from './job.js';

const TICK_MS = 5_000;

/**
 * Asks every few seconds which jobs are due, claims them one by one and runs them, side by side: a backup of an hour keeps
 * no other job waiting.
 */
@Injectable()
export class JobRunner implements BeforeApplicationShutdown {
  private readonly logger = new Logger(JobRunner.name);
  private readonly jobs: Job[] = [];
  private readonly registered = new Set<string>();
  private readonly stopping = new AbortController();
  private claiming = false;
  private only: string | undefined;
  /** Ticks that claim, and jobs that run, by name. */
  private readonly atWork = new Map<string, Promise<void>>();

  constructor(
    private readonly claims: JobClaims,
    private readonly figures: JobFigures,
  ) {}

  /** Called by modules when they start. */
  add(job: Job): void {
    this.jobs.push(job);
  }

  /** Begins nothing: a verb of the command line looks once and leaves the schedule to those who serve. */
  hold(): void {
    this.stopping.abort();
  }

  /** Begins this job alone: a verb takes part in what is its own, beside those who serve. */
  runOnly(name: string): void {
    this.only = name;
  }

  /** Ends when the jobs that it began have ended; the next tick does not wait for that. */
  @Interval(TICK_MS)
  async tick(): Promise<void> {
    if (this.claiming || this.stopping.signal.aborted) return;
    this.claiming = true;
    const begun: Promise<void>[] = [];
    try {
      for (const job of this.jobs) {
        if (this.stopping.signal.aborted) break;
        if (this.only !== undefined && job.name !== this.only) continue;
        if (!this.atWork.has(job.name)) begun.push(...(await this.beginIfDue(job)));
      }
    } finally {
      this.claiming = false;
    }
    await Promise.all(begun);
  }

  /** Jobs at work are told to stop and waited for; what they had not done comes back when their leases end. */
  async beforeApplicationShutdown(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.atWork.values());
  }

  /** @returns the run that has begun, if one has */
  private async beginIfDue(job: Job): Promise<Promise<void>[]> {
    const claimed = this.claim(job);
    // Known before the answer is: who stops the process meanwhile waits for what comes of it.
    const run = claimed.then((attempt) => (attempt === undefined ? undefined : this.runAndFinish(job, attempt))).finally(() => this.atWork.delete(job.name));
    this.atWork.set(job.name, run);
    return (await claimed) === undefined ? [] : [run];
  }

  private async claim(job: Job): Promise<string | undefined> {
    try {
      if (!this.registered.has(job.name)) {
        await this.claims.register(job);
        this.registered.add(job.name);
      }
      return await this.claims.claim(job);
    } catch (error) {
      this.logger.warn(`The job ${job.name} could not be claimed: ${reason(error)}`);
      return undefined;
    }
  }

  private async runAndFinish(job: Job, attempt: string): Promise<void> {
    const started = performance.now();
    const error = await this.runClaimed(job, attempt);
    this.figures.ran(job.name, (performance.now() - started) / 1_000, error !== null);
    if (error !== null) this.logger.error(`The job ${job.name} failed and will be tried again: ${error}`);
    try {
      const isOurs = await this.claims.finish(job, attempt, error);
      if (!isOurs) this.logger.warn(`The job ${job.name} took longer than its lease and was taken over by another process.`);
    } catch (failure) {
      this.logger.warn(`The job ${job.name} could not be finished; it comes again when its lease is over: ${reason(failure)}`);
    }
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
