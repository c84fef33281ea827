import { UsageError } from './usage-error.js';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** What a rule or a silence is set to for longer than a year is a mistake. */
const MAX_SECONDS = 31_536_000;

/** `90s`, `15m`, `2h` or `7d` as seconds, a year at most. @throws UsageError naming the flag */
export function readSeconds(text: string, flag: string, { min = 0 }: { min?: number } = {}): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new UsageError(`${flag} takes a length of time such as 90s, 15m, 2h or 7d; "${text}" is none.`);
  const seconds = Number(count) * (UNITS[unit] ?? 0);
  if (seconds < min || seconds > MAX_SECONDS) throw new UsageError(`${flag} takes from ${min}s to 365d; "${text}" is ${seconds < min ? 'shorter' : 'longer'}.`);
  return seconds;
}
