import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { AppError } from '../errors/app-error.js';
import { MAX_DEPTH, parseJsonBody, requireUtf8 } from './json-body.js';

const parse = (text: string | Buffer): unknown => parseJsonBody(Buffer.from(text as string));

function fault(text: string | Buffer): unknown {
  try {
    return { accepted: parse(text) };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.fields[0];
  }
}

describe('parseJsonBody', () => {
  it('gives what JSON.parse gives for any JSON without what cannot be stored', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6, stringUnit: 'grapheme' }), (json) => {
        fc.pre(!/__proto__|prototype|\\u0000/.test(json));
        expect(parse(json)).toEqual(JSON.parse(json));
      }),
    );
  });

  it('points at the one bad text, wherever it stands', () => {
    const steps = fc.array(fc.oneof(fc.nat({ max: 3 }), fc.string({ unit: 'grapheme', maxLength: 8 })), { maxLength: 12 });
    fc.assert(
      fc.property(steps, fc.constantFrom('"\\u0000"', '"\\ud800"', '1e999', '-1e999'), (path, bad) => {
        fc.pre(!path.some((step) => step === '__proto__'));
        const body = path.reduceRight<string>(
          (inner, step) => (typeof step === 'number' ? `[${'"ok",'.repeat(step)}${inner}]` : `{"":{},${JSON.stringify(`${step}.`)}:${inner}}`),
          bad,
        );
        const pointer = path.map((step) => (typeof step === 'number' ? `/${step}` : `/${`${step}.`.replaceAll('~', '~0').replaceAll('/', '~1')}`)).join('');
        expect(fault(body)).toEqual({ pointer, detail: expect.any(String) });
      }),
    );
  });

  it('takes no body for no body', () => expect(parse('')).toBeUndefined());

  it('passes over a byte order mark', () => expect(parse('\ufeff{"a":1}')).toEqual({ a: 1 }));

  it('takes 64 levels and refuses 65, in lists and in objects', () => {
    const lists = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    const objects = (depth: number) => '{"a":'.repeat(depth) + '1' + '}'.repeat(depth);
    expect(fault(lists(MAX_DEPTH))).toEqual({ accepted: expect.anything() });
    expect(fault(objects(MAX_DEPTH))).toEqual({ accepted: expect.anything() });
    expect(fault(lists(MAX_DEPTH + 1))).toEqual({ pointer: '/0'.repeat(MAX_DEPTH), detail: 'must not be nested deeper than 64 levels' });
    expect(fault(objects(MAX_DEPTH + 1))).toEqual({ pointer: '/a'.repeat(MAX_DEPTH), detail: 'must not be nested deeper than 64 levels' });
  });

  it.each([3_000, 1_000_000])('refuses %i levels at once', (depth) => {
    const before = performance.now();
    expect(fault('['.repeat(depth) + ']'.repeat(depth))).toEqual({ pointer: expect.any(String), detail: expect.stringContaining('deeper than 64 levels') });
    expect(fault('[[],'.repeat(depth))).toEqual({ pointer: '', detail: expect.any(String) });
    expect(performance.now() - before).toBeLessThan(2_000);
  });

  it('does not take brackets in texts for levels', () => {
    const body = { text: '[{'.repeat(5_000), escaped: '"\\"[{\\\\'.repeat(5_000) };
    expect(parse(JSON.stringify(body))).toEqual(body);
  });

  it.each([
    ['{"a":', { pointer: '', detail: 'the body is not valid JSON: it ends too early' }],
    ['{"secret" 1}', { pointer: '', detail: expect.stringMatching(/^the body is not valid JSON: there is a mistake at position \d+$/) }],
    ['nonsense', { pointer: '', detail: expect.stringMatching(/^the body is not valid JSON/) }],
    ['{"a":NaN}', { pointer: '', detail: expect.stringMatching(/^the body is not valid JSON/) }],
    ['{"a":{"__proto__":{}}}', { pointer: '/a/__proto__', detail: 'must not be named __proto__' }],
    ['{"\\u005f_proto__":1}', { pointer: '/__proto__', detail: 'must not be named __proto__' }],
    ['[{"constructor":{"prototype":{}}}]', { pointer: '/0/constructor', detail: 'must not hold a property named prototype' }],
    ['{"a/b~":"\\u0000"}', { pointer: '/a~1b~0', detail: 'must not contain the character NUL (U+0000); there is one at position 0' }],
    ['{"a\\u0000":1}', { pointer: '/a\0', detail: 'as a name, must not contain the character NUL (U+0000); there is one at position 1' }],
    ['{"\\ud800":1}', { pointer: '/\ud800', detail: expect.stringContaining('lone surrogate') }],
    ['{"a":[1,-1e999]}', { pointer: '/a/1', detail: 'must be a number that a double can hold' }],
    [`[${'9'.repeat(400)}]`, { pointer: '/0', detail: 'must be a number that a double can hold' }],
    ['1e999', { pointer: '', detail: 'must be a number that a double can hold' }],
  ])('refuses %s', (text, expected) => expect(fault(text)).toEqual(expected));

  it('takes harmless names that only resemble bad ones', () => {
    const body = { prototype: 1, constructor: 'x', a: '__proto__' };
    expect(parse(JSON.stringify(body))).toEqual(body);
  });

  it('takes a pair of surrogates written as escapes', () => expect(parse('"\\ud83d\\ude00"')).toBe('😀'));

  it('refuses bytes that are not UTF-8', () => {
    expect(fault(Buffer.from([0x22, 0xff, 0x22]))).toEqual({ pointer: '', detail: expect.stringContaining('not UTF-8') });
    expect(fault(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]))).toEqual({ pointer: '', detail: expect.stringContaining('not UTF-8') });
  });
});

describe('requireUtf8', () => {
  it.each(['application/json', 'application/json; charset=UTF-8', 'application/json;charset="utf-8"', 'application/json; charset=us-ascii'])(
    'takes %s',
    (type) => expect(() => requireUtf8({ 'content-type': type })).not.toThrow(),
  );

  it('refuses other charsets and compressed bodies', () => {
    expect(() => requireUtf8({ 'content-type': 'application/json; charset=utf-16' })).toThrow(expect.objectContaining({ code: 'validation_failed' }));
    expect(() => requireUtf8({ 'content-type': 'application/json', 'content-encoding': 'gzip' })).toThrow(
      expect.objectContaining({ code: 'unsupported_media_type' }),
    );
  });
});
