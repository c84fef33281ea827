import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SearchedRows } from '../support/searched-rows.js';

let rows: SearchedRows;
const table = 'coding_rule2.conversation_context';

beforeAll(async () => {
  rows = await SearchedRows.open();
  for (const part of [0, 1, 2]) {
    await rows.insert(Array.from({ length: 20 }, (_, n) => ({ session: `${part}:${n}`, text: `word${n} of part${part} 検索` })));
    await rows.index();
  }
  await rows.check({ isDue: true });
});
afterAll(() => rows?.close());

/** What PostgreSQL counts reaches everybody's eyes a moment later; asked to in the same transaction, at its end. */
async function changing(...statements: string[]): Promise<void> {
  await rows.database.transaction(async (tx) => {
    for (const sql of statements) await tx.query(sql);
    await tx.query('SELECT pg_stat_force_next_flush()');
  });
}

test('segments whose rows are what they were stay as they are, also on the day that all are compared', async () => {
  const before = await rows.segments();
  expect(before).toHaveLength(3);
  expect(await rows.check({ isDue: true })).toBe(0);
  expect(await rows.segments()).toEqual(before);
  expect(await rows.disagreements()).toEqual([]);
});

test('rows that SQL has changed and deleted: their segment alone is written anew, and all agrees again', async () => {
  const before = await rows.segments();
  await changing(`UPDATE ${table} SET user_message = 'quokka 有袋類' WHERE session_id IN ('1:3', '1:4')`, `DELETE FROM ${table} WHERE session_id = '1:5'`);
  expect(await rows.disagreements()).not.toEqual([]);
  expect(await rows.check({ isDue: false })).toBe(1);
  expect(await rows.disagreements()).toEqual([]);
  const after = await rows.segments();
  expect([after[0], after[2]]).toEqual([before[0], before[2]]);
  expect(after[1]).toMatchObject({ documents: 19 });
  expect((await rows.search('quokka', 5)).map(({ session }) => session).sort()).toEqual(['1:3', '1:4']);
});

test('nothing is compared again before PostgreSQL counts a change, or a day has passed', async () => {
  await rows.check({ isDue: true });
  await rows.query(`UPDATE coding_rule2.text_segments SET checksum = checksum + 1 WHERE id = $1`, [(await rows.segments())[0]!.id]);
  expect(await rows.check({ isDue: false })).toBe(0);
  expect(await rows.disagreements()).toHaveLength(1);
  expect(await rows.check({ isDue: true })).toBe(1);
  expect(await rows.disagreements()).toEqual([]);
});

test('a segment all of whose rows are gone goes too', async () => {
  await changing(`DELETE FROM ${table} WHERE session_id LIKE '2:%'`);
  expect(await rows.check({ isDue: false })).toBe(1);
  expect(await rows.segments()).toHaveLength(2);
  expect(await rows.disagreements()).toEqual([]);
});

test('told to stop, it leaves the rest to the next run, which finds it', async () => {
  await changing(`UPDATE ${table} SET user_message = 'numbat' WHERE session_id = '0:1'`);
  expect(await rows.check({ isDue: false }, AbortSignal.abort())).toBe(0);
  expect(await rows.check({ isDue: false })).toBe(1);
  expect(await rows.disagreements()).toEqual([]);
});
