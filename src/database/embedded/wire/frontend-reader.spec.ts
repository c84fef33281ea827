import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { message, parseMessage, simpleQuery, sqlOf, statementNameOf, SYNC } from './frontend-messages.js';
import { FrontendReader, ProtocolViolation } from './frontend-reader.js';

function readAll(reader: FrontendReader): string[] {
  const texts: string[] = [];
  for (let found = reader.next(); found; found = reader.next()) texts.push(`${found.type}:${found.bytes.length}`);
  return texts;
}

describe('FrontendReader', () => {
  it('finds the same messages however the bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ maxLength: 300 })), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (texts, cuts) => {
        const messages = texts.map((text) => simpleQuery(text.replaceAll('\0', '')));
        const bytes = Buffer.concat([...messages, SYNC]);
        const reader = new FrontendReader(1_000_000);
        const found: string[] = [];
        for (let start = 0, turn = 0; start < bytes.length; turn += 1) {
          const end = start + (cuts[turn % cuts.length] ?? 1);
          reader.push(bytes.subarray(start, end));
          found.push(...readAll(reader));
          start = end;
        }
        expect(found).toEqual([...messages.map(({ length }) => `Q:${length}`), 'S:5']);
        expect(reader.bufferedBytes).toBe(0);
      }),
    );
  });

  it('refuses a message above the limit before its bytes have come', () => {
    const reader = new FrontendReader(100);
    reader.push(simpleQuery('x'.repeat(200)).subarray(0, 5));
    expect(() => reader.next()).toThrow(new ProtocolViolation('a message of 205 bytes is too large: the limit is 100', '54000'));
  });

  it('refuses lengths that can not be', () => {
    const negative = new FrontendReader(100);
    negative.push(Buffer.from([0x51, 0xff, 0xff, 0xff, 0xff]));
    expect(() => negative.next()).toThrow(ProtocolViolation);
    const startup = new FrontendReader(100);
    startup.push(Buffer.from([0x7f, 0xff, 0xff, 0xff]));
    expect(() => startup.nextStartup()).toThrow(ProtocolViolation);
  });
});

describe('messages of the extended protocol', () => {
  it('tell their SQL and their statement', () => {
    const parse = { type: 'P', bytes: parseMessage('s1', 'SELECT 1') };
    expect(sqlOf(parse)).toBe('SELECT 1');
    expect(statementNameOf(parse)).toBe('s1');
    expect(statementNameOf({ type: 'B', bytes: message('B', Buffer.from('portal\0s2\0')) })).toBe('s2');
    expect(statementNameOf({ type: 'D', bytes: message('D', Buffer.from('Ss3\0')) })).toBe('s3');
    expect(statementNameOf({ type: 'D', bytes: message('D', Buffer.from('Pportal\0')) })).toBeUndefined();
  });

  it('that were cut off by a faulty client do no harm', () => {
    expect(sqlOf({ type: 'Q', bytes: message('Q', Buffer.from('SELECT')) })).toBe('SELEC');
    expect(statementNameOf({ type: 'B', bytes: message('B') })).toBe('');
  });
});
