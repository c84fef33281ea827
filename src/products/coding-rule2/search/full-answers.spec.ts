import { describe, expect, test } from '@jest/globals';
import type { StatementOptions } from '../../../database/admin-connection.js';
import { CORPORA } from './corpus.js';
import { FullAnswers } from './full-answers.js';
import { RowFilter } from './row-filter.js';
import { nearestRows, type VectorQuery } from './vector-leg.js';

test('what was answered in full is remembered, the latest 256', () => {
  const answers = new FullAnswers();
  expect(answers.has('0')).toBe(false);
  for (let n = 0; n < 256; n++) answers.note(String(n), true);
  expect(answers.has('0')).toBe(true);
  answers.note('1', false);
  answers.note('256', true);
  expect([answers.has('0'), answers.has('1'), answers.has('256')]).toEqual([false, false, true]);
});

describe('a search by vector', () => {
  const vector = new Float32Array(1536).fill(1);
  const answers = new FullAnswers();

  /** @param found how many rows the index finds @returns whether the index was asked by a statement that is kept prepared */
  async function isKept(query: Partial<VectorQuery>, filter: RowFilter, most: number, found: number): Promise<boolean> {
    const kept: (boolean | undefined)[] = [];
    const database = {
      query: <Row extends object>(sql: string, _values?: readonly unknown[], options?: StatementOptions): Promise<Row[]> => {
        kept.push(options?.prepared);
        const rows = Array.from({ length: sql.includes('"areKept"') && sql.includes('own') ? found : 0 }, (_, id) => ({ id: String(id), similarity: 1, areKept: false }));
        return Promise.resolve(rows as unknown as Row[]);
      },
    };
    await nearestRows(database, CORPORA.conversations, 'id', { vector, model: null, efSearch: 100, ...query }, filter, most, answers);
    return kept[0] === true;
  }
  const important = () => new RowFilter().add('importance_level = ANY', ['high']);

  test('is kept prepared where it asks for nothing else', async () => {
    expect(await isKept({}, new RowFilter(), 10, 10)).toBe(true);
    expect(await isKept({}, new RowFilter(), 11, 11)).toBe(false);
  });

  test('with a model is kept as long as it was answered in full the last time', async () => {
    const ask = (found: number) => isKept({ model: 'one' }, new RowFilter(), 10, found);
    expect([await ask(10), await ask(10), await ask(9), await ask(10), await ask(10)]).toEqual([false, true, true, false, true]);
    expect(await isKept({ model: 'another' }, new RowFilter(), 10, 10)).toBe(false);
  });

  test.each<[string, Partial<VectorQuery>]>([
    ['a filter', {}],
    ['a model and a filter', { model: 'one' }],
  ])('with %s is planned for the value each time: of few rows more are found by comparing all of them', async (_what, query) => {
    expect([await isKept(query, important(), 10, 10), await isKept(query, important(), 10, 10)]).toEqual([false, false]);
  });
});
