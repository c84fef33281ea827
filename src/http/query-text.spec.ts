import { expect, test } from '@jest/globals';
import { brokenParts } from './query-text.js';

const places = (query: string) => brokenParts(query).map(({ pointer }) => pointer);

test.each(['', 'a=1', 'a=100%25', 'a=%E3%81%82&b=+x+', 'a=あ', 'a&&b=', '%E3%81%82=1'])('%s is fine', (query) => {
  expect(places(query)).toEqual([]);
});

test.each([
  ['eventType=%ff', ['/query/eventType']],
  ['a=1&b=100%', ['/query/b']],
  ['a=%zz&a=%C3&b=%ED%A0%80', ['/query/a', '/query/b']],
  // A character may not be spread over two parts.
  ['a=%E3%81&b=%82', ['/query/a', '/query/b']],
  ['%ff=1', ['/query']],
  ['a%2Fb=%', ['/query/a~1b']],
])('%s is told by its place', (query, expected) => {
  expect(places(query)).toEqual(expected);
});
