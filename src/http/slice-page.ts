import { decodeCursor, encodeCursor, type Page } from './paging.js';
import { readUuid } from './uuid.js';

const KEY_SHAPES = {
  // What PostgreSQL prints for a timestamptz.
  timestamptz: /^(?:\d{4,6}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?[+-]\d{2}(?::\d{2}){0,2}(?: BC)?|-infinity)$/,
  integer: /^\d{1,9}$/,
} as const;

/**
 * The place that a cursor of a list stands for; undefined on the first page.
 * @throws AppError `validation_failed` for what no list of this kind has answered
 */
export function placeIn(query: { cursor?: string }, keyType: keyof typeof KEY_SHAPES): readonly [string, string] | undefined {
  if (query.cursor === undefined) return undefined;
  return decodeCursor(query.cursor, ([key, id, ...rest]) => {
    const uuid = readUuid(id);
    if (rest.length > 0 || key === undefined || uuid === undefined || !KEY_SHAPES[keyType].test(key)) return undefined;
    return [key, uuid] as const;
  });
}

/** What a list answers. */
export function pageOf<T>(slice: { items: T[]; next: readonly [string, string] | null }): Page<T> {
  return { items: slice.items, nextCursor: slice.next && encodeCursor(slice.next) };
}
