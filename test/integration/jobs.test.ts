import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { JobClaims } from '../../src/jobs/job-claims.js';
import { JobFigures } from '../../src/jobs/job-figures.js';
import { JobRunner } from '../../src/jobs/job-runner.js';
import type { Job } from '../../src/jobs/job.js';
import { Metrics } from '../../src/metrics/metrics.js';
import { createTestDatabase, openTestDatabase, type OpenTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let open: OpenTestDatabase;
let claims: JobClaims;
let figures: JobFigures;
beforeAll(async () => {
  Logger.overrideLogger(false);
  database = await createTestDatabase();
  open = await openTestDatabase(database);
  claims = new JobClaims(open.databases);
  figures = new JobFigures(new Metrics(), open.databases);
});
afterAll(async () => {
  await open.close();
  await database.drop();
});

const job = (name: string, run: Job['run'] = async () => {}): Job => ({ name, everySeconds: 3_600, leaseSeconds: 60, run });

async function registered(name: string): Promise<Job> {
  const made = job(name);
  await claims.register(made);
  return made;
}

/** As if so much time had passed: the database's clock decides, so its rows are moved and not ours. */
async function letPass(name: string, seconds: number): Promise<void> {
  await open.databases.control.query(`UPDATE core.jobs SET next_run_at = next_run_at - make_interval(secs => $2) WHERE name = $1`, [name, seconds]);
}

describe('a claim', () => {
  test('goes to one of many who ask at once', async () => {
    const due = await registered('once');
    const attempts = await Promise.all(Array.from({ length: 20 }, () => claims.claim(due)));
    expect(attempts.filter((attempt) => attempt !== undefined)).toEqual(['1']);
  });

  test('is taken over when its lease is over; the one who lost it can neither renew nor finish', async () => {
    const due = await registered('takeover');
    const lost = await claims.claim(due);
    expect(await claims.claim(due)).toBeUndefined();
    await letPass(due.name, 61);
    const taken = await claims.claim(due);
    expect([lost, taken]).toEqual(['1', '2']);
    expect(await claims.renew(due, lost ?? '')).toBe(false);
    expect(await claims.finish(due, lost ?? '', null)).toBe(false);
    expect(await claims.finish(due, taken ?? '', null)).toBe(true);
  });

  test('that is renewed is not taken over', async () => {
    const due = await registered('renewed');
    const attempt = (await claims.claim(due)) ?? '';
    await letPass(due.name, 50);
    expect(await claims.renew(due, attempt)).toBe(true);
    await letPass(due.name, 50);
    expect(await claims.claim(due)).toBeUndefined();
  });

  test('that ended well comes again after the interval, one that failed sooner, with its reason', async () => {
    const [well, badly] = [await registered('well'), await registered('badly')];
    await claims.finish(well, (await claims.claim(well)) ?? '', null);
    await claims.finish(badly, (await claims.claim(badly)) ?? '', 'no luck');
    const rows = await open.databases.control.query<{ name: string; pause: number; error: string | null }>(
      `SELECT name, round(extract(epoch FROM next_run_at - last_finished_at))::int AS pause, last_error AS error
         FROM core.jobs WHERE name IN ('well', 'badly') ORDER BY name DESC`,
    );
    expect(rows).toEqual([
      { name: 'well', pause: 3_600, error: null },
      { name: 'badly', pause: 360, error: 'no luck' },
    ]);
  });
});

describe('runners', () => {
  test('of many replicas one runs a job; one that throws does not keep the next job from running', async () => {
    let runs = 0;
    const runners = Array.from({ length: 5 }, () => {
      const runner = new JobRunner(claims, figures);
      runner.add(job('throws', () => Promise.reject(new Error('broken'))));
      runner.add(
        job('counts', async () => {
          runs++;
        }),
      );
      return runner;
    });
    await Promise.all(runners.map((runner) => runner.tick()));
    expect(runs).toBe(1);
    const [row] = await open.databases.control.query<{ error: string }>(`SELECT last_error AS error FROM core.jobs WHERE name = 'throws'`);
    expect(row?.error).toBe('broken');
  });

  test('a job at work is told when the process stops, and waited for', async () => {
    let told = false;
    const runner = new JobRunner(claims, figures);
    const started = new Promise<void>((resolve) => {
      runner.add(
        job('long', async (signal) => {
          resolve();
          await once(signal, 'abort');
          told = true;
        }),
      );
    });
    const ticking = runner.tick();
    await started;
    await runner.beforeApplicationShutdown();
    expect(told).toBe(true);
    await ticking;
  });

  test('a job that was claimed while the process stops is not begun, and comes again', async () => {
    const stopped = new JobRunner(claims, figures);
    let runs = 0;
    const late = job('late', async () => void runs++);
    stopped.add(late);
    // The claim is answered after the stop.
    const claim = claims.claim.bind(claims);
    claims.claim = async (asked) => {
      const attempt = await claim(asked);
      void stopped.beforeApplicationShutdown();
      return attempt;
    };
    await stopped.tick();
    claims.claim = claim;
    expect(runs).toBe(0);
    await letPass('late', 400);
    expect(await claims.claim(late)).toBe('2');
  });
});
