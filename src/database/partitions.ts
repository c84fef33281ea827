import { invalid } from '../errors/app-error.js';
import type { Queryable } from './admin-connection.js';

/** Made ahead: a month in which the job may fail before a row finds no partition. */
const DAYS_AHEAD = 30;
/** Kept behind; what is older is dropped, and a timestamp before it is refused. */
export const DAYS_KEPT = 30;
/** One more than is promised: after midnight the job may take a day to come round. */
const DAYS_MADE = DAYS_AHEAD + 1;
const DAY_MS = 86_400_000;

/** Daily partitions of the shared tables, ahead and for the days that are kept, readable for backups. Safe to repeat and to run at once. */
export async function makePartitions(control: Queryable): Promise<void> {
  await control.query('SELECT core.make_event_partitions($1, $2)', [DAYS_KEPT, DAYS_MADE]);
  await control.query('SELECT monitoring.make_metric_partitions($1, $2)', [DAYS_KEPT, DAYS_MADE]);
  await control.query('SELECT core.open_partitions_to_backup()');
}

/** Drops the days that are no longer kept. Fails, and is tried again, rather than wait for long behind readers. */
export async function dropOldPartitions(control: Queryable): Promise<void> {
  await control.query('SELECT core.drop_event_partitions($1)', [DAYS_KEPT]);
  await control.query('SELECT monitoring.drop_metric_partitions($1)', [DAYS_KEPT]);
}

/**
 * Refuses times for which there is no partition, and names the one that is wrong: PostgreSQL would refuse the row
 * too, but can't say which of a batch it was.
 * @param pointerOf JSON Pointer of the time with that index
 * @throws AppError `validation_failed`
 */
export function assertKept(times: readonly (Date | undefined)[], pointerOf: (index: number) => string, now = Date.now()): void {
  const today = Math.floor(now / DAY_MS) * DAY_MS;
  const earliest = today - DAYS_KEPT * DAY_MS;
  const end = today + (DAYS_AHEAD + 1) * DAY_MS;
  for (const [index, time] of times.entries()) {
    if (time === undefined || (time.getTime() >= earliest && time.getTime() < end)) continue;
    throw invalid(pointerOf(index), `must lie within ${DAYS_KEPT} days before and ${DAYS_AHEAD} days after today (UTC): other days are not kept`);
  }
}
