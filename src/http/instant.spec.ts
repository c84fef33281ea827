import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseInstant } from './instant.js';

describe('parseInstant', () => {
  it('reads back every moment that JSON.stringify writes', () => {
    const moments = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true });
    fc.assert(fc.property(moments, (moment) => expect(parseInstant(moment.toISOString())).toEqual(moment)));
  });

  it.each([
    ['2026-01-31T18:30:00+09:00', '2026-01-31T09:30:00.000Z'],
    ['2024-02-29t00:00:00z', '2024-02-29T00:00:00.000Z'],
    ['2026-01-01T00:00:00.123999Z', '2026-01-01T00:00:00.123Z'],
    ['2026-01-01T00:00:00.5-00:30', '2026-01-01T00:30:00.500Z'],
  ])('%s is %s', (text, iso) => expect(parseInstant(text)).toEqual(new Date(iso)));

  const shape = expect.stringContaining('must be a time in RFC 3339 with an offset');
  it.each([
    ['2026-02-30T00:00:00Z', 'must be a day that exists in the calendar'],
    ['2025-02-29T00:00:00Z', 'must be a day that exists in the calendar'],
    ['1900-02-29T00:00:00Z', 'must be a day that exists in the calendar'],
    ['2026-13-01T00:00:00Z', 'must be a day that exists in the calendar'],
    ['2026-00-10T00:00:00Z', 'must be a day that exists in the calendar'],
    ['2026-01-01T24:00:00Z', 'must be a time of day from 00:00:00 to 23:59:59'],
    ['2026-01-01T00:00:60Z', 'must be a time of day from 00:00:00 to 23:59:59'],
    ['2026-01-01T00:00:00+24:00', 'must have an offset from -23:59 to +23:59'],
    ['0000-06-01T00:00:00Z', 'must lie in the years 0001 to 9999 (UTC)'],
    ['0001-01-01T00:00:00+01:00', 'must lie in the years 0001 to 9999 (UTC)'],
    ['9999-12-31T23:59:59-01:00', 'must lie in the years 0001 to 9999 (UTC)'],
    ['2026-01-01T00:00:00', shape],
    ['2026-01-01', shape],
    ['2026-01-01 00:00:00Z', shape],
    ['12026-01-01T00:00:00Z', shape],
    ['infinity', shape],
    [1767225600000, shape],
    ['2026-01-01T00:00:00 09:00', expect.stringContaining('write the + of an offset as %2B')],
  ])('refuses %s', (text, sentence) => expect(parseInstant(text)).toEqual(sentence));
});
