import { describe, expect, it } from '@jest/globals';

import { decodeEmbedding, DIMENSIONS, encodeEmbedding, featureHash, similarity } from './feature-hash.js';

describe('featureHash', () => {
  it.each(['force push to main', 'テストを実行せずに通ったと言った', 'a', '𠮷野家'])('makes a unit vector of %p', (text) => {
    const vector = featureHash(text);
    expect(vector).toHaveLength(DIMENSIONS);
    expect(similarity(vector, vector)).toBeCloseTo(1, 5);
  });

  it('is the same on every machine: these slots are pinned', () => {
    const slots = [...featureHash('ab').entries()].filter(([, value]) => value !== 0);
    expect(slots.map(([slot, value]) => [slot, Math.sign(value)])).toEqual([[6, -1], [67, 1], [640, -1], [760, 1], [1405, 1], [1452, 1]]);
  });

  it('does not tell width, case or punctuation apart', () => {
    expect(featureHash('ＡＰＩ、Ｖ２！')).toEqual(featureHash('api v2'));
    expect(featureHash('ﾃｽﾄ')).toEqual(featureHash('テスト'));
  });

  it('puts shared wording closer than none, in both languages', () => {
    const english = featureHash('I force-pushed the main branch');
    expect(similarity(english, featureHash('force push to main'))).toBeGreaterThan(similarity(english, featureHash('wind in metres a second')) + 0.2);
    const japanese = featureHash('バックアップを取らずに削除しました');
    expect(similarity(japanese, featureHash('バックアップなしで削除'))).toBeGreaterThan(similarity(japanese, featureHash('料金の端数は切り捨て')) + 0.2);
  });

  it.each(['', ' \n', '…！？'])('refuses %p, which would be a zero vector', (text) => {
    expect(() => featureHash(text)).toThrow(RangeError);
  });
});

describe('encodeEmbedding', () => {
  it('comes back bit by bit', () => {
    const vector = featureHash('途中で止めて再開する');
    expect(decodeEmbedding(encodeEmbedding(vector))).toEqual(vector);
  });

  it('is little-endian float32', () => {
    expect(encodeEmbedding(Float32Array.of(1, -2))).toBe(Buffer.from([0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]).toString('base64'));
  });

  it('refuses to decode a part of a float', () => {
    expect(() => decodeEmbedding('AAAAAAA=')).toThrow(RangeError);
  });
});
