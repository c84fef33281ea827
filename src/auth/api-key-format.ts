import { hash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

export type KeyKind = 'operator' | 'product';

const PREFIXES: Record<KeyKind, string> = { operator: 'ngy_op_', product: 'ngy_pk_' };
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
/** 62^43 > 2^256 and 62^6 > 2^32: what a random part and a checksum need at most. */
const SECRET_LENGTH = 43;
const CHECKSUM_LENGTH = 6;
const KEY = new RegExp(`^(ngy_op_|ngy_pk_)[0-9A-Za-z]{${SECRET_LENGTH + CHECKSUM_LENGTH}}$`);
/** Enough to tell keys apart in a list, too little to guess one: 7 fixed characters and 5 of 43. */
const SHOWN_LENGTH = 12;

/** A new key: 256 random bits behind a prefix that says what it opens, and a checksum by which a scanner knows one. */
export function newApiKey(kind: KeyKind): string {
  const secret = base62(BigInt(`0x${randomBytes(32).toString('hex')}`), SECRET_LENGTH);
  const body = PREFIXES[kind] + secret;
  return body + checksum(body);
}

/** Tells a mistyped or foreign token from a key without asking the database. */
export function isWellFormed(key: string): boolean {
  return KEY.test(key) && checksum(key.slice(0, -CHECKSUM_LENGTH)) === key.slice(-CHECKSUM_LENGTH);
}

/**
 * What is stored instead of the key. A plain hash is enough: there are 256 random bits to guess, and looking a hash
 * up by equality tells an attacker nothing about the next character of a key.
 */
export function hashApiKey(key: string): Buffer {
  return hash('sha256', key, 'buffer');
}

/** The same as a text, which a map finds it by. */
export function hashApiKeyAsText(key: string): string {
  return hash('sha256', key, 'base64');
}

export function shownPrefix(key: string): string {
  return key.slice(0, SHOWN_LENGTH);
}

function checksum(body: string): string {
  return base62(BigInt(crc32(body)), CHECKSUM_LENGTH);
}

function base62(value: bigint, length: number): string {
  let digits = '';
  for (let rest = value; digits.length < length; rest /= 62n) digits = ALPHABET.charAt(Number(rest % 62n)) + digits;
  return digits;
}
