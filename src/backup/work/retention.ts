import type { Retention } from '../../config/backup-settings.js';

export interface Kept {
  readonly name: string;
  /** Null: every schema. */
  readonly schema: string | null;
  /** Which it is of, where a deployment has several, or had. */
  readonly database: string;
  readonly dataOf: string;
  /** It was restored and compared, and was what it should be. */
  readonly proven: boolean;
}

/**
 * Which of a deployment's backups no rule keeps any longer. For each schema of each database, and for full ones, by themselves: the last few,
 * and the newest of each day, week (from Monday) and month (UTC) of the last few that have one. The newest one and the newest proven one stay
 * whatever the rules say.
 */
export function expired<T extends Kept>(backups: readonly T[], keep: Retention): T[] {
  const groups = new Map<string, T[]>();
  for (const backup of backups) {
    const group = JSON.stringify([backup.database, backup.schema]);
    groups.set(group, [...(groups.get(group) ?? []), backup]);
  }
  return [...groups.values()].flatMap((group) => {
    const newestFirst = group.toSorted((a, b) => (a.dataOf < b.dataOf ? 1 : -1));
    const kept = new Set<T>([
      ...newestFirst.slice(0, Math.max(1, keep.last)),
      ...newestFirst.filter((backup) => backup.proven).slice(0, 1),
      ...newestOfEach(newestFirst, keep.daily, (day) => day),
      ...newestOfEach(newestFirst, keep.weekly, mondayOf),
      ...newestOfEach(newestFirst, keep.monthly, (day) => day.slice(0, 7)),
    ]);
    return newestFirst.filter((backup) => !kept.has(backup));
  });
}

function newestOfEach<T extends Kept>(newestFirst: readonly T[], count: number, periodOf: (day: string) => string): T[] {
  const newest = new Map<string, T>();
  for (const backup of newestFirst) {
    const period = periodOf(backup.dataOf.slice(0, 10));
    if (!newest.has(period)) newest.set(period, backup);
  }
  return [...newest.values()].slice(0, count);
}

function mondayOf(day: string): string {
  const date = new Date(`${day}T00:00:00Z`);
  date.setUTCDate(date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  return date.toISOString().slice(0, 10);
}
