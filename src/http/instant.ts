import { declareField, refuse, type FieldOptions } from './field.js';

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt](\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:[Zz]|([+-])(\d\d):(\d\d))$/;
const EARLIEST = Date.parse('0001-01-01T00:00:00Z');
const LATEST = Date.parse('9999-12-31T23:59:59.999Z');
const SHAPE = 'must be a time in RFC 3339 with an offset, such as 2026-01-31T09:30:00Z or 2026-01-31T18:30:00+09:00';

/**
 * A moment in time: RFC 3339, the offset required, the years 0001 to 9999, kept to the millisecond. The service gets a Date.
 * A day that is none (30 February) is refused, not rolled over.
 */
export function InstantField(options: FieldOptions<string>): PropertyDecorator {
  return declareField(
    {
      read: (value) => {
        const read = parseInstant(value);
        return typeof read === 'string' ? refuse(read) : read;
      },
    },
    options,
    { type: 'string', format: 'date-time' },
  );
}

/** The moment, or the sentence that says what is wrong with the text. */
export function parseInstant(value: unknown): Date | string {
  const match = typeof value === 'string' ? RFC_3339.exec(value) : null;
  if (!match) {
    // In a query an unescaped + arrives as a space.
    const plusLost = typeof value === 'string' && / \d\d:\d\d$/.test(value);
    return plusLost ? `${SHAPE}; write the + of an offset as %2B in a URL` : SHAPE;
  }
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [number, number, number, number, number, number];
  if (month < 1 || month > 12 || day < 1 || day > daysIn(year, month)) return 'must be a day that exists in the calendar';
  if (hour > 23 || minute > 59 || second > 59) return 'must be a time of day from 00:00:00 to 23:59:59';
  if (Number(match[8] ?? 0) > 23 || Number(match[9] ?? 0) > 59) return 'must have an offset from -23:59 to +23:59';
  const instant = Date.parse((value as string).toUpperCase());
  if (!(instant >= EARLIEST && instant <= LATEST)) return 'must lie in the years 0001 to 9999 (UTC)';
  return new Date(instant);
}

function daysIn(year: number, month: number): number {
  if (month === 2) return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
  return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
}
