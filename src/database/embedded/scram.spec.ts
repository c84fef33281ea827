import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { rolePassword, scramVerifier } from '../role-secret.js';
import { ScramExchange } from './scram.js';

const SECRET = 'a secret that is only good for tests';
const PASSWORD = rolePassword(SECRET, 'tea_house');
const VERIFIER = scramVerifier(SECRET, 'tea_house');

const hmac = (key: Buffer, text: string) => createHmac('sha256', key).update(text).digest();

/** The client's side, as RFC 5802 has it. */
function clientFinal(serverFirst: string, password: string, header = 'n,,', bareFirst = 'n=,r=abc'): string {
  const [, nonce = '', salt = '', iterations = ''] = /^r=(.*),s=(.*),i=(.*)$/.exec(serverFirst) ?? [];
  const salted = pbkdf2Sync(password, Buffer.from(salt, 'base64'), Number(iterations), 32, 'sha256');
  const clientKey = hmac(salted, 'Client Key');
  const withoutProof = `c=${Buffer.from(header).toString('base64')},r=${nonce}`;
  const signature = hmac(createHash('sha256').update(clientKey).digest(), `${bareFirst},${serverFirst},${withoutProof}`);
  const proof = Buffer.from(clientKey.map((byte, index) => byte ^ (signature[index] ?? 0)));
  return `${withoutProof},p=${proof.toString('base64')}`;
}

describe('ScramExchange', () => {
  it('accepts who knows the password, and shows that it knows the verifier', () => {
    const exchange = new ScramExchange('tea_house', VERIFIER);
    const first = exchange.begin('n,,n=,r=abc') ?? '';
    expect(first).toMatch(/^r=abc.{20,},s=.+,i=4096$/);
    expect(exchange.finish(clientFinal(first, PASSWORD))).toMatch(/^v=.{44}$/);
  });

  it('refuses another password, another nonce and another header', () => {
    const attempt = (change: (final: string) => string, password = PASSWORD) => {
      const exchange = new ScramExchange('tea_house', VERIFIER);
      return exchange.finish(change(clientFinal(exchange.begin('n,,n=,r=abc') ?? '', password)));
    };
    expect(attempt((final) => final)).toBeDefined();
    expect(attempt((final) => final, 'wrong')).toBeUndefined();
    expect(attempt((final) => final.replace('r=abc', 'r=abd'))).toBeUndefined();
    expect(attempt((final) => final.replace(/^c=[^,]*/, 'c=eSws'))).toBeUndefined();
    expect(attempt((final) => final.slice(0, -8))).toBeUndefined();
    expect(attempt(() => 'nonsense')).toBeUndefined();
  });

  it('asks a name that is not there as it asks any other, with the same salt each time', () => {
    const challenge = () => new ScramExchange('nobody', null).begin('y,,n=,r=abc') ?? '';
    const salt = (text: string) => /,s=[^,]*/.exec(text)?.[0];
    expect(salt(challenge())).toBe(salt(challenge()));
    expect(salt(challenge())).not.toBe(salt(new ScramExchange('somebody', null).begin('y,,n=,r=abc') ?? ''));
    expect(new ScramExchange('x', 'md5abcdef').finish('c=biws,r=abc,p=AAAA')).toBeUndefined();
  });

  it('declines channel binding and what is no SCRAM at all', () => {
    const begin = (first: string) => new ScramExchange('x', VERIFIER).begin(first);
    expect(begin('p=tls-server-end-point,,n=,r=abc')).toBeUndefined();
    expect(begin('n,,n=,r=')).toBeUndefined();
    expect(begin('')).toBeUndefined();
  });
});
