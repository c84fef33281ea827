import { decodeCursor, encodeCursor, type Page } from './paging.js';
import { readUuid } from './uuid.js';

// What PostgreSQL prints for a timestamptz.
const TIMESTAMPTZ = /^(?:\d{4,6}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?[+-]\d{2}(?::\d{2}){0,2}(?: BC)?|-infinity)$/;
const INTEGER_MAX = 2_147_483_647;

const IS_KEY = {
  timestamptz: (key: string) => TIMESTAMPTZ.test(key),
  integer: (key: string) => /^\d{1,10}$/.test(key) && Number(key) <= INTEGER_MAX,
} as const;

/**
 * The place that a cursor of a list stands for; undefined on the first page.
 * @param order which one, where the list has several
 * @throws AppError `validation_failed` for what no list of this kind has answered
 */
export function placeIn(query: { cursor?: string }, keyType: keyof typeof IS_KEY, order?: string): readonly [string, string] | undefined {
  if (query.cursor === undefined) return undefined;
  return decodeCursor(query.cursor, ([key, id, ofOrder, ...rest]) => {
    const uuid = readUuid(id);
    if (ofOrder !== order || rest.length > 0 || key === undefined || uuid === undefined || !IS_KEY[keyType](key)) return undefined;
    return [key, uuid] as const;
  });
}

/** What a list answers. @param order as with `placeIn` */
export function pageOf<T>(slice: { items: T[]; next: readonly [string, string] | null }, order?: string): Page<T> {
  return { items: slice.items, nextCursor: slice.next && encodeCursor(order === undefined ? slice.next : [...slice.next, order]) };
}
