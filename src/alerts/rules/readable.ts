import type { Unit } from './alert-rule.js';

/** A figure for people, in the unit that fits its size: 10000000 bytes is "10.0 MB". */
export function readable(value: number, unit: Unit): string {
  switch (unit) {
    case 'bytes':
      return readableBytes(value);
    case 'seconds':
      return readableSeconds(value);
    case 'percent':
      return `${Math.round(value)} %`;
    default:
      return Math.round(value).toLocaleString('en');
  }
}

/** Decimal units, as the thresholds are: 1 MB is 1,000,000 bytes. */
function readableBytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const sign = value < 0 ? '-' : '';
  let rest = Math.abs(value);
  let unit = 0;
  // 999.95 kB would be shown as 1000.0 kB.
  while (rest >= 999.95 && unit < units.length - 1) {
    rest /= 1_000;
    unit++;
  }
  return `${sign}${unit === 0 ? Math.round(rest) : rest.toFixed(1)} ${units[unit]}`;
}

function readableSeconds(value: number): string {
  if (value < 1) return `${Math.round(value * 1_000)} ms`;
  if (value < 120) return `${Math.round(value)} s`;
  if (value < 2 * 3_600) return `${Math.round(value / 60)} min`;
  if (value < 2 * 86_400) return `${Math.round(value / 3_600)} h`;
  return `${Math.round(value / 86_400)} days`;
}
