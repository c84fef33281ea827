import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../errors/app-error.js';
import { decodeCursor, encodeCursor } from './paging.js';

const storable = fc.string({ unit: 'grapheme' }).filter((text) => !text.includes('\0'));
const refused = expect.objectContaining({
  code: 'validation_failed',
  fields: [{ pointer: '/query/cursor', detail: 'must be a nextCursor that this list has answered' }],
});

describe('cursors', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(fc.array(storable), (keys) => expect(decodeCursor(encodeCursor(keys), (read) => read)).toEqual(keys)));
  });

  it('are refused with a 400 in any other form, never with another failure', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.base64String(), fc.json().map((json) => Buffer.from(json).toString('base64url'))), (text) => {
        try {
          expect(decodeCursor(text, (keys) => keys)).toEqual(expect.any(Array));
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
          expect(error).toEqual(refused);
        }
      }),
    );
  });

  it.each([
    ['not the only way to write it', `${encodeCursor(['a'])}=`],
    ['keys of another type', Buffer.from('[1,2]').toString('base64url')],
    ['a NUL', Buffer.from('["\\u0000"]').toString('base64url')],
    ['a lone surrogate', Buffer.from('["\\ud800"]').toString('base64url')],
    ['nothing', ''],
  ])('are refused with %s', (_what, cursor) => expect(() => decodeCursor(cursor, (keys) => keys)).toThrow(refused));

  it('are refused where the list cannot use the keys', () => {
    const cursor = encodeCursor(['yesterday', 'x']);
    const read = ([time]: readonly string[]) => (Number.isNaN(Date.parse(time ?? '')) ? undefined : time);
    expect(() => decodeCursor(cursor, read)).toThrow(refused);
  });
});
