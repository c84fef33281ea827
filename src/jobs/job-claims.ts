import { Injectable } from '@nestjs/common';
import { Databases } from '../database/databases.js';
import type { Job } from './job.js';

/**
 * Who runs what, decided in the database and by its clock, so that it holds behind a pooler and with clocks that
 * disagree. Renewing and finishing name the attempt they belong to: nothing updated means that the claim is lost.
 */
@Injectable()
export class JobClaims {
  constructor(private readonly databases: Databases) {}

  async register(job: Job): Promise<void> {
    await this.databases.control.query('INSERT INTO core.jobs (name) VALUES ($1) ON CONFLICT (name) DO NOTHING', [job.name]);
    if (job.atStart === true) await this.hasten(job.name);
  }

  /** Makes it due now, unless somebody is at it or was a moment ago. */
  async hasten(name: string): Promise<void> {
    await this.databases.control.query(
      `UPDATE core.jobs SET next_run_at = clock_timestamp()
        WHERE name = $1 AND lease_until IS NULL AND next_run_at > clock_timestamp()
          AND (last_finished_at IS NULL OR last_finished_at < clock_timestamp() - interval '30 seconds')`,
      [name],
    );
  }

  /** The number of the attempt that is now ours, or undefined where the job is not due or somebody has it. */
  async claim(job: Job): Promise<string | undefined> {
    const [row] = await this.databases.control.query<{ attempt: string }>(
      `UPDATE core.jobs
          SET attempt = attempt + 1, last_started_at = clock_timestamp(),
              lease_until = clock_timestamp() + make_interval(secs => $2),
              next_run_at = clock_timestamp() + make_interval(secs => $2)
        WHERE name = $1 AND next_run_at <= clock_timestamp()
       RETURNING attempt`,
      [job.name, job.leaseSeconds],
    );
    return row?.attempt;
  }

  /** False where another replica has taken over. */
  async renew(job: Job, attempt: string): Promise<boolean> {
    const rows = await this.databases.control.query(
      `UPDATE core.jobs
          SET lease_until = clock_timestamp() + make_interval(secs => $3), next_run_at = clock_timestamp() + make_interval(secs => $3)
        WHERE name = $1 AND attempt = $2 RETURNING name`,
      [job.name, attempt, job.leaseSeconds],
    );
    return rows.length > 0;
  }

  /** Sets the next run; a failed one comes again after a tenth of the interval, at least ten seconds. */
  async finish(job: Job, attempt: string, error: string | null): Promise<boolean> {
    const pause = error === null ? job.everySeconds : Math.max(10, job.everySeconds / 10);
    const rows = await this.databases.control.query(
      `UPDATE core.jobs
          SET lease_until = NULL, next_run_at = clock_timestamp() + make_interval(secs => $3),
              last_finished_at = clock_timestamp(), last_error = $4
        WHERE name = $1 AND attempt = $2 RETURNING name`,
      [job.name, attempt, pause, error],
    );
    return rows.length > 0;
  }
}
