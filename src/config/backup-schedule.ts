import { CronTime } from 'cron';
import type { EnvironmentReader } from './environment-reader.js';

/** When one schema, or everything, is backed up, or a backup proven. */
export interface ScheduleEntry {
  /** A schema, `full` for every schema at one moment, `each` for each schema by itself. */
  readonly of: string;
  /** A cron expression (UTC) or a length of time such as `6h`. */
  readonly when: string;
}

const SECONDS: Readonly<Record<string, number>> = { m: 60, h: 3_600, d: 86_400 };
const OF = /^[a-z][a-z0-9_]{0,62}$/;

/** `full=0 2 * * *; coding_rule2=6h` */
export function readSchedule(reader: EnvironmentReader, name: string): readonly ScheduleEntry[] {
  const entries: ScheduleEntry[] = [];
  for (const part of (reader.text(name) ?? '').split(';').map((each) => each.trim()).filter((each) => each !== '')) {
    const cut = part.indexOf('=');
    const [of, when] = [part.slice(0, cut).trim(), part.slice(cut + 1).trim()];
    if (cut > 0 && OF.test(of) && isTime(when)) entries.push({ of, when });
    else reader.problems.push(`${name} has "${part}"; it must look like full=0 2 * * *; coding_rule2=6h (cron in UTC, or minutes, hours or days)`);
  }
  return entries;
}

/** The same for one thing. */
export function readTime(reader: EnvironmentReader, name: string): string | undefined {
  const text = reader.text(name);
  if (text === undefined || isTime(text)) return text;
  reader.problems.push(`${name} is "${text}"; it must be a cron expression (UTC) or a length of time such as 7d`);
  return undefined;
}

function isTime(when: string): boolean {
  if (intervalSeconds(when) !== undefined) return true;
  try {
    nextTime(when, new Date(0));
    return true;
  } catch {
    return false;
  }
}

/** Seconds; undefined for a cron expression. */
export function intervalSeconds(when: string): number | undefined {
  const [, count, unit] = /^([1-9]\d{0,4})([mhd])$/.exec(when) ?? [];
  return count === undefined || unit === undefined ? undefined : Number(count) * (SECONDS[unit] ?? 0);
}

/** The first time after `last` at which it is due. */
export function nextTime(when: string, last: Date): Date {
  const seconds = intervalSeconds(when);
  return seconds === undefined ? new CronTime(when, 'UTC').getNextDateFrom(last).toJSDate() : new Date(last.getTime() + seconds * 1_000);
}
