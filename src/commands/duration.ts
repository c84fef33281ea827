import { UsageError } from './context.js';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600, d: 86_400 };

/** `90s`, `15m`, `2h` or `7d` as seconds. @throws UsageError naming the flag */
export function readSeconds(text: string, flag: string): number {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new UsageError(`${flag} takes a length of time such as 90s, 15m, 2h or 7d; "${text}" is none.`);
  return Number(count) * (UNITS[unit] ?? 0);
}
