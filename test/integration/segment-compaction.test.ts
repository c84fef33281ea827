import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { CodingRule2Database } from '../../src/products/coding-rule2/coding-rule2.database.js';
import { SegmentCompaction } from '../../src/products/coding-rule2/search/segment-compaction.service.js';
import { SearchedRows, WINDOW } from '../support/searched-rows.js';

let rows: SearchedRows;
let made = 0;

beforeAll(async () => {
  rows = await SearchedRows.open();
});
afterEach(expectAgreement);
afterAll(() => rows?.close());

async function expectAgreement(): Promise<void> {
  expect(await rows.disagreements()).toEqual([]);
}

/** The first number of the next window that no row has reached. */
async function nextWindow(): Promise<number> {
  return (Math.floor((await rows.lastNumber()) / WINDOW) + 1) * WINDOW;
}

/** A segment of some rows whose numbers begin with the given one. */
async function segmentAt(no: number, length = 5): Promise<void> {
  await rows.continueAt(no);
  await rows.insert(Array.from({ length }, () => ({ session: `row ${++made}`, text: `shared word${made} 共通${made % 3}` })));
  await rows.index();
}

test('while a window may still grow, a few small segments stay; eight are put together', async () => {
  const window = await nextWindow();
  for (let n = 0; n < 7; n++) await segmentAt(window + 100 * n);
  expect(await rows.compact()).toBe(0);
  await segmentAt(window + 700);
  expect(await rows.compact()).toBe(8);
  expect((await rows.segments()).at(-1)).toMatchObject({ firstNo: window, lastNo: window + 704, documents: 40 });
});

test('all of a window become one segment once rows are in the next, be they ever so few, up to its very last place', async () => {
  const window = await nextWindow();
  await segmentAt(window);
  await segmentAt(window + WINDOW / 2);
  await segmentAt(window + WINDOW - 5);
  expect(await rows.compact()).toBe(0);
  await segmentAt(window + WINDOW);
  expect(await rows.compact()).toBe(3);
  const [joined, last] = (await rows.segments()).slice(-2);
  expect(joined).toMatchObject({ firstNo: window, lastNo: window + WINDOW - 1, documents: 15 });
  expect(last).toMatchObject({ firstNo: window + WINDOW, documents: 5 });
  const found = await rows.search(`word${made - 5} word${made}`, 2);
  expect(found.map(({ session }) => session).sort()).toEqual([`row ${made - 5}`, `row ${made}`].sort());
  // A row of the joined segment takes its words with it all the same.
  await rows.remove(`row ${made - 5}`);
  expect(await rows.search(`word${made - 5}`, 2)).toEqual([]);
  await rows.remove(`row ${made - 4}`);
});

test('rows that reach over the end of a window are two segments', async () => {
  const window = await nextWindow();
  await segmentAt(window + WINDOW - 3, 6);
  expect((await rows.segments()).slice(-2)).toEqual([
    expect.objectContaining({ firstNo: window + WINDOW - 3, lastNo: window + WINDOW - 1 }),
    expect.objectContaining({ firstNo: window + WINDOW, lastNo: window + WINDOW + 2 }),
  ]);
});

test('where a row is deleted while segments are put together, nothing was done, and the next time does it', async () => {
  const window = await nextWindow();
  await segmentAt(window);
  await segmentAt(window + 1_000);
  await segmentAt(window + WINDOW);
  const before = await rows.segments();
  // As it happens: they are chosen, then another request deletes, then they are written.
  const deletesFirst = {
    query: rows.database.query.bind(rows.database),
    transaction: async (work: Parameters<CodingRule2Database['transaction']>[0]) => {
      await rows.remove(`row ${made - 7}`);
      return rows.database.transaction(work);
    },
  };
  const compaction = new SegmentCompaction(deletesFirst as unknown as CodingRule2Database);
  expect(await compaction.compact('conversations', new AbortController().signal)).toBe(0);
  expect((await rows.segments()).map(({ id }) => id)).toEqual(before.map(({ id }) => id));
  expect(await rows.disagreements()).toEqual([]);
  expect(await rows.compact()).toBe(2);
});
