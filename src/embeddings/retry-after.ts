/** What a `Retry-After` header asks for, seconds or a date, in milliseconds from now; undefined where it asks for nothing that makes sense. */
export function retryAfterMs(header: string | null, now: number): number | undefined {
  if (header === null) return undefined;
  if (/^\s*\d{1,9}(\.\d{1,3})?\s*$/.test(header)) return Number(header) * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
