import { expect } from '@jest/globals';
import type { TestService } from './service.js';

/** More pages than any test has rows: a cursor that leads in circles ends here. */
const MOST_PAGES = 500;

/** Reads a list from its first page to its last, following the cursors, and answers the pages. */
export async function walk<T>(nagaya: TestService, path: string, { limit, key }: { limit: number; key?: string }): Promise<T[][]> {
  const pages: T[][] = [];
  let cursor: string | null = null;
  do {
    const query = `${path.includes('?') ? '&' : '?'}limit=${limit}${cursor === null ? '' : `&cursor=${encodeURIComponent(cursor)}`}`;
    const answer = await nagaya.request('GET', path + query, key === undefined ? {} : { key });
    expect({ path: path + query, status: answer.status }).toEqual({ path: path + query, status: 200 });
    pages.push(answer.body.items);
    cursor = answer.body['nextCursor'] ?? null;
  } while (cursor !== null && pages.length < MOST_PAGES);
  return pages;
}
