import fc from 'fast-check';

/** JSON as it is sent, to the letter: what JSON.stringify can't or won't write. */
export class Raw {
  constructor(readonly json: string) {}
}

export type Json = Raw | string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };

export function jsonOf(value: Json): string {
  if (value instanceof Raw) return value.json;
  if (Array.isArray(value)) return `[${value.map(jsonOf).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{${Object.entries(value as Record<string, Json>).map(([name, item]) => `${JSON.stringify(name)}:${jsonOf(item)}`).join(',')}}`;
  }
  return JSON.stringify(value);
}

const numbers = (length: number, of: (index: number) => number): number[] => Array.from({ length }, (_, index) => of(index));
const float32 = (values: readonly number[]): string => Buffer.from(new Float32Array(values).buffer).toString('base64');

/** What a field may be sent in place of what it takes, each once seen to break somebody's service. */
export const HOSTILE_VALUES: readonly Json[] = [
  null, true, 0, -1, 1.5, '', ' ', 'x', [], {}, [[]], [null], [{}], { a: null },
  // Numbers that no double, no integer of the database, or nothing at all can hold.
  new Raw('1e999'), new Raw('-1e999'), new Raw('NaN'), new Raw('Infinity'), new Raw('-0'), new Raw('1e-400'), 2 ** 31, 2 ** 53, -(2 ** 63), 1e308, 5e-324, new Raw('9'.repeat(400)),
  // Texts: NUL, lone surrogates, too long, of other scripts, on the way to a prototype.
  '\0', 'a\0b', new Raw('"\\u0000"'), new Raw('"\\ud800"'), new Raw('"a\\udfffb"'), 'x'.repeat(70_000), '🏮'.repeat(30_000), '\u202e\u0007\r\n\t', '__proto__', 'constructor', '../../etc/passwd', "'; DROP TABLE x --", '%00',
  // Objects and lists.
  new Raw('{"__proto__":{"isAdmin":true}}'), new Raw('{"constructor":{"prototype":{}}}'), new Raw('{"\\u0000":1}'), new Raw('{"a":{"\\ud800":1}}'), new Raw('{"a":1,"a":2}'),
  new Raw(`${'['.repeat(3_000)}${']'.repeat(3_000)}`), new Raw(`${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`), new Raw(`${'['.repeat(62)}1${']'.repeat(62)}`),
  numbers(20_001, () => 1), Array.from({ length: 10_001 }, () => ({})), { deep: { deeper: numbers(2_000, (n) => n) } },
  // Vectors: of another dimension, without a direction, with what is no number, in letters.
  numbers(1_536, () => 0), numbers(1_535, () => 1), numbers(1_537, () => 1), numbers(1_536, () => 1e39), numbers(1_536, () => 1e-46), numbers(1_536, (n) => (n === 700 ? 1e308 : 1)),
  new Raw(`[${'1,'.repeat(1_535)}null]`), new Raw(`[${'1,'.repeat(1_535)}"1"]`), float32(numbers(1_536, () => 0)), float32(numbers(1_536, () => Number.NaN)), float32(numbers(1_536, () => Infinity)), float32(numbers(10, () => 1)), '!!!!',
  // Times: of no day, without a zone, far away, at the ends of what PostgreSQL and Date know.
  '2026-02-30T00:00:00Z', '2026-01-01', '2026-01-01T00:00:00', '0000-01-01T00:00:00Z', '-000001-01-01T00:00:00Z', '9999-12-31T23:59:59.999Z', '+275760-09-13T00:00:00Z', '294277-01-01T00:00:00Z', '2026-01-01T00:00:00+24:00', '1969-12-31T23:59:60Z', 'infinity', 'now', '1e9',
  // Ids and cursors.
  '0198c5c0-7c1e-7b5a-9d3e', '0198C5C0-7C1E-7B5A-9D3E-4F2A1B0C9D8E', '{0198c5c0-7c1e-7b5a-9d3e-4f2a1b0c9d8e}', '00000000-0000-0000-0000-000000000000',
];

/** The same as one segment of an address, or one value of a query: percent-encoded, or what can't be written so. */
export const HOSTILE_TEXTS: readonly string[] = [
  ...HOSTILE_VALUES.filter((value): value is string => typeof value === 'string' && value.length < 2_000).map((value) => encodeURIComponent(value)),
  '%', '%zz', '%ff%fe', '%ed%a0%80', '%00', '..%2f..', '-1', '0', '1.5', '1e999', 'NaN', '99999999999999999999', 'true', 'null', '[]', '%5B%5D', '😀', 'x'.repeat(3_000), '%25', '%2e%2e', '*',
];

/** Bodies that are no JSON object, or hardly. */
export const HOSTILE_BODIES: readonly string[] = [
  '', ' ', 'null', '[]', '5', '"x"', 'true', '{', '}', '{"a":', '{"a":1,}', "{'a':1}", '{"a":1}{"b":2}', '\uFEFF{}', '[{}]', '{"":1}', '{"__proto__":1}', '{"\\u0000":1}', '{"\\ud800":1}', 'NaN',
  `${'{"a":'.repeat(3_000)}1${'}'.repeat(3_000)}`, '['.repeat(100_000), `{"items":[${'{},'.repeat(20_000)}{}]}`, `{"x":"${'y'.repeat(200_000)}"}`,
];

/** Places within a body, the body itself not counted. */
function placesIn(value: Json, at: readonly string[] = []): string[][] {
  if (typeof value !== 'object' || value === null || value instanceof Raw) return [];
  // Of a vector's 1,536 places one tells as much as all.
  const entries = Object.entries(value as Record<string, Json>).slice(0, 40);
  return entries.flatMap(([name, item]) => [[...at, name], ...placesIn(item, [...at, name])]);
}

function changedAt(value: Json, [name = '', ...rest]: readonly string[], change: (parent: Record<string, Json>, name: string) => void): Json {
  const copy = (Array.isArray(value) ? [...(value as Json[])] : { ...(value as object) }) as Record<string, Json>;
  if (rest.length === 0) change(copy, name);
  else copy[name] = changedAt(copy[name] ?? null, rest, change);
  return copy;
}

/** Bodies that are almost right: a valid one with something in it changed, taken out, added or said many times. */
export function almost(valid: Json): fc.Arbitrary<string> {
  const places = placesIn(valid);
  const names = Object.keys(valid as object);
  const place = places.length > 0 ? fc.constantFrom(...places) : fc.constant<string[]>([]);
  const replaced = fc.tuple(place, fc.constantFrom(...HOSTILE_VALUES)).map(([at, bad]) => (at.length === 0 ? bad : changedAt(valid, at, (parent, name) => void (parent[name] = bad))));
  const without = place.map((at) => (at.length === 0 ? {} : changedAt(valid, at, (parent, name) => (Array.isArray(parent) ? parent.splice(Number(name), 1) : delete parent[name]))));
  const unknown = fc.constantFrom('zzz', 'id', 'productId', 'createdAt', 'isAdmin', '').map((name) => ({ ...(valid as Readonly<Record<string, Json>>), [names.includes(name) ? `${name}_` : name]: 1 }));
  const anything = fc.json({ maxDepth: 3 }).map((json) => new Raw(json));
  return fc.oneof(
    { weight: 6, arbitrary: replaced },
    { weight: 1, arbitrary: without },
    { weight: 1, arbitrary: unknown },
    { weight: 1, arbitrary: anything },
    { weight: 1, arbitrary: fc.constantFrom(...HOSTILE_BODIES).map((body) => new Raw(body)) },
    { weight: 1, arbitrary: fc.constant(valid) },
  ).map(jsonOf);
}
