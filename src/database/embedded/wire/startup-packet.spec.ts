import { describe, expect, it } from '@jest/globals';
import { cString } from './frontend-messages.js';
import { readOptions, readStartup } from './startup-packet.js';

function startup(version: number, ...strings: string[]): Buffer {
  const head = Buffer.alloc(4);
  head.writeInt32BE(version);
  return Buffer.concat([head, ...strings.map(cString), Buffer.alloc(1)]);
}

describe('readStartup', () => {
  it('reads who wants to log in, and what is to be declined', () => {
    const login = readStartup(startup(0x0003_0002, 'user', 'tea', 'database', 'postgres', '_pq_.command', 'x'));
    expect(login).toEqual({
      kind: 'login',
      parameters: new Map([['user', 'tea'], ['database', 'postgres']]),
      declined: ['_pq_.command'],
      newerMinor: true,
    });
  });

  it('knows requests for encryption and for cancelling, and refuses other protocols', () => {
    expect(readStartup(startup(80_877_103)).kind).toBe('encryption');
    expect(readStartup(startup(80_877_104)).kind).toBe('encryption');
    expect(readStartup(startup(80_877_102)).kind).toBe('cancel');
    expect(() => readStartup(startup(0x0002_0000))).toThrow('3.0');
  });
});

describe('readOptions', () => {
  it.each<[string, [string, string][]]>([
    ['-c role=owner -c x.y=1', [['role', 'owner'], ['x.y', '1']]],
    ['-crole=owner --search-path=a,b', [['role', 'owner'], ['search_path', 'a,b']]],
    ['-c search_path=a\\ b\\\\', [['search_path', 'a b\\']]],
    ['  ', []],
    ['-c', []],
  ])('reads %j', (options, settings) => {
    expect(readOptions(options)).toEqual(settings);
  });
});
