import type { Base } from './health-store.js';
import type { SchemaFigures } from './schema-figures.js';

const DAY_MS = 86_400_000;
/** What grew in less than an hour says little about a day. */
const LEAST_MS = 3_600_000;

export type Growth = Pick<SchemaFigures, 'growthBytesPerDay' | 'growthRecordsPerDay' | 'daysUntilLimit'>;

/** @param limit size that the schema should not pass, bytes; null for none */
export function growthOf(now: SchemaFigures, base: Base | undefined, limit: number | null): Growth {
  const elapsed = base === undefined ? 0 : now.checkedAt.getTime() - base.checkedAt.getTime();
  const perDay = (later: number | null, earlier: number | null | undefined): number | null =>
    elapsed < LEAST_MS || later === null || earlier === null || earlier === undefined ? null : ((later - earlier) * DAY_MS) / elapsed;
  const growthBytesPerDay = perDay(now.schemaSizeBytes, base?.schemaSizeBytes);
  return {
    growthBytesPerDay,
    growthRecordsPerDay: perDay(now.recordCount, base?.recordCount),
    daysUntilLimit: daysUntil(limit, now.schemaSizeBytes, growthBytesPerDay),
  };
}

function daysUntil(limit: number | null, size: number | null, perDay: number | null): number | null {
  if (limit === null || size === null) return null;
  if (size >= limit) return 0;
  return perDay === null || perDay <= 0 ? null : (limit - size) / perDay;
}
