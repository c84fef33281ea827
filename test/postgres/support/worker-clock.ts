import { asSuperuser } from '../../support/postgres-server.js';
import { until } from './until.js';

/** As if so much time had passed: the database's clock decides, so its rows are moved. */
export async function letPass(database: string, interval: string): Promise<void> {
  await asSuperuser(
    database,
    `UPDATE monitoring.backups SET created_at = created_at - interval '${interval}', data_of = data_of - interval '${interval}', lease_until = lease_until - interval '${interval}'`,
    `UPDATE monitoring.restores SET started_at = started_at - interval '${interval}', finished_at = finished_at - interval '${interval}'`,
  );
}

/** A job of the workers comes round, in whichever of them, until `seen` is; the others wait, so that the test sees one thing at a time. */
export async function whenDone<T>(database: string, job: string, seen: () => Promise<T | undefined | false>): Promise<T> {
  return until(async () => {
    await asSuperuser(database, `UPDATE core.jobs SET next_run_at = clock_timestamp() + CASE WHEN name IN ('${job}', 'backup.queue') THEN interval '0' ELSE interval '1 hour' END WHERE name LIKE 'backup.%' AND lease_until IS NULL`);
    return seen();
  }) as Promise<T>;
}
