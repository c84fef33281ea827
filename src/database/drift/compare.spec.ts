import { describe, expect, test } from '@jest/globals';
import { differencesOf } from './compare.js';

const between = (expected: string, actual: string) => differencesOf(new Map([['constraint t.c', expected]]), new Map([['constraint t.c', actual]]));

describe('a definition that was read back from its own print', () => {
  test.each([
    [`CHECK (((kind)::text = ANY ((ARRAY['a'::character varying, 'b'::character varying])::text[])))`, `CHECK (((kind)::text = ANY (ARRAY[('a'::character varying)::text, ('b'::character varying)::text])))`],
    [`CHECK ((n > 0))`, `CHECK ((n > 0))`],
  ])('%s is no difference', (expected, actual) => {
    expect(between(expected, actual)).toEqual([]);
  });
});

describe('another definition', () => {
  test.each([
    ['a value more', `CHECK ((kind = ANY (ARRAY['a', 'b'])))`, `CHECK ((kind = ANY (ARRAY['a', 'b', 'c'])))`],
    ['a value that looks like a cast', `CHECK ((kind = 'a::text'::text))`, `CHECK ((kind = 'a'::text))`],
    ['other groups', `CHECK (((a OR b) AND c))`, `CHECK ((a OR (b AND c)))`],
    ['another function', `CHECK ((lower(kind) = 'a'))`, `CHECK ((upper(kind) = 'a'))`],
    ['another length', 'character varying(50)', 'character varying(51)'],
  ])('%s is one', (_, expected, actual) => {
    expect(between(expected, actual)).toMatchObject([{ change: 'changed', expected, actual }]);
  });
});
