import { stripVTControlCharacters } from 'node:util';

import { describe, expect, it } from '@jest/globals';

import { coloursThatAre } from './colours.js';
import { clip, displayWidth, wrap } from './display-width.js';
import { table } from './table.js';

const TEXT = '申し訳ありません。実際に流した版から lock_timeout の行が抜けていました。集計の長いトランザクションを待っていました。';

describe('displayWidth', () => {
  it('counts kana, kanji and fullwidth forms as two columns', () => {
    expect(displayWidth('abc')).toBe(3);
    expect(displayWidth('カナ漢字。')).toBe(10);
    expect(displayWidth('Ａ１')).toBe(4);
    expect(displayWidth('ｶﾅ')).toBe(2);
    expect(displayWidth('…“”')).toBe(3);
  });
});

describe('wrap', () => {
  it.each([20, 31, 44])('keeps within %i columns and loses no word', (columns) => {
    const lines = wrap(TEXT, columns, 20);
    for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(columns);
    expect(lines.join('').replaceAll(' ', '')).toBe(TEXT.replaceAll(' ', ''));
    for (const line of lines) expect(line).not.toMatch(/^[。、]/);
  });

  it('ends what does not fit with an ellipsis', () => {
    const lines = wrap(TEXT, 30, 2);
    expect(lines).toHaveLength(2);
    expect(lines[1]?.endsWith('…')).toBe(true);
    expect(displayWidth(lines[1] ?? '')).toBeLessThanOrEqual(30);
  });

  it('keeps names and brackets whole', () => {
    expect(wrap('there is only to_dict() left', 20, 9)).toEqual(['there is only', 'to_dict() left']);
    expect(wrap('決まりは「切り捨て」', 12, 9)).toEqual(['決まりは', '「切り捨て」']);
  });

  it('breaks a word that is wider than a line', () => {
    expect(wrap('aaaaaaaaaaaa', 5, 9)).toEqual(['aaaaa', 'aaaaa', 'aa']);
  });
});

describe('clip', () => {
  it('never cuts a wide character in half', () => {
    expect(clip('在庫テーブル', 12)).toBe('在庫テーブル');
    expect(displayWidth(clip('在庫テーブル', 10))).toBeLessThanOrEqual(10);
    expect(clip('在庫テーブル', 6)).toBe('在庫…');
  });
});

describe('table', () => {
  it.each([true, false])('lines columns up across languages, colours %p', (on) => {
    const colours = coloursThatAre(on);
    const drawn = table(colours, ['what', 'n'], [[colours.green('在庫の数'), '1'], ['stock', '20'], ['引当 x', '3']]);
    const plain = stripVTControlCharacters(drawn).split('\n');
    const widths = plain.map((line) => displayWidth(line.replace(/\S+$/, '')));
    expect(new Set(widths).size).toBe(1);
  });
});
