import { cStringAt, endOfCString } from './frontend-messages.js';
import { ProtocolViolation } from './frontend-reader.js';

/** What a client says first. Encryption is not offered: it asks, hears no, and goes on in the clear or hangs up. */
export type Startup =
  | { readonly kind: 'encryption' }
  | { readonly kind: 'cancel' }
  | {
      readonly kind: 'login';
      readonly parameters: ReadonlyMap<string, string>;
      /** Protocol options (`_pq_.…`) and a newer minor version have to be declined in so many words. */
      readonly declined: readonly string[];
      readonly newerMinor: boolean;
    };

const CANCEL = 80_877_102;
const SSL = 80_877_103;
const GSS = 80_877_104;

export function readStartup(body: Buffer): Startup {
  const version = body.readInt32BE(0);
  if (version === SSL || version === GSS) return { kind: 'encryption' };
  if (version === CANCEL) return { kind: 'cancel' };
  if (version >> 16 !== 3) throw new ProtocolViolation('unsupported frontend protocol: this server speaks 3.0', '08P01');
  const parameters = new Map<string, string>();
  const declined: string[] = [];
  for (let offset = 4; offset < body.length && body[offset] !== 0; ) {
    const name = cStringAt(body, offset);
    offset = endOfCString(body, offset);
    const value = cStringAt(body, offset);
    offset = endOfCString(body, offset);
    if (name.startsWith('_pq_.')) declined.push(name);
    else parameters.set(name, value);
  }
  return { kind: 'login', parameters, declined, newerMinor: (version & 0xffff) > 0 };
}

/**
 * Settings in `options` as a server's command line has them: `-c name=value`, `-cname=value`, `--name=value`.
 * A backslash takes the next character as it is. Other switches mean nothing here.
 */
export function readOptions(options: string): [name: string, value: string][] {
  const words = [...options.matchAll(/(?:\\.|[^\s\\])+/gs)].map(([word]) => word.replaceAll(/\\(.)/gs, '$1'));
  const settings: [string, string][] = [];
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? '';
    const text = word === '-c' ? words[(index += 1)] : /^(?:-c|--)(.+)$/s.exec(word)?.[1];
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(text ?? '') ?? [];
    // As the server does: in --name=value dashes stand for underscores.
    if (name !== undefined) settings.push([name.replaceAll('-', '_'), value ?? '']);
  }
  return settings;
}
