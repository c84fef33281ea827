import { isUtf8 } from 'node:buffer';
import type { IncomingHttpHeaders } from 'node:http';
import { AppError, invalid } from '../errors/app-error.js';
import { pointerTo } from './pointer.js';
import { unstorableText } from './text.js';

/** Levels of objects and lists that a body may have, the outermost counted. */
export const MAX_DEPTH = 64;

/**
 * JSON that is safe to hand on: parsed, and free of what no later code should have to think about. Refused are invalid UTF-8,
 * nesting deeper than 64, names that reach a prototype, numbers too large for a double, and texts that PostgreSQL cannot store.
 * An empty body is no body; the pipe says so where one is needed.
 */
export function parseJsonBody(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  if (!isUtf8(bytes)) throw invalid('', 'the body must be JSON in UTF-8; it contains bytes that are not UTF-8');
  if (hasMoreOpeners(bytes, MANY_OPENERS)) {
    if (isDeeperThan(bytes, MAX_DEPTH)) throw tooDeep();
    if (hasMoreOpeners(bytes, MAX_OPENERS)) throw invalid('', `the body must not hold more than ${MAX_OPENERS.toLocaleString('en')} objects and lists`);
  }
  const text = bytes.toString('utf8');
  const json = text.charCodeAt(0) === BYTE_ORDER_MARK ? text.slice(1) : text;
  const value = parse(json);
  // A NUL or a lone surrogate can only be written as an escape, and a name in its own letters or in escapes. Most bodies have
  // neither, so their texts and names need no look.
  const escaped = json.includes('\\u');
  const suspect = { texts: escaped, names: escaped || json.includes('__proto__') || json.includes('prototype') };
  const fault = findFault(value, suspect, 1);
  if (fault) throw invalid(fault.pointer, fault.detail);
  return value;
}

/** JSON is UTF-8 and is taken uncompressed; a body that says otherwise is refused before it is read as something it is not. */
export function requireUtf8(headers: IncomingHttpHeaders): void {
  const charset = /;\s*charset\s*=\s*"?([^\s;"]+)/i.exec(headers['content-type'] ?? '')?.[1]?.toLowerCase();
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii') {
    throw invalid('/header/content-type', 'must name the charset utf-8, or none: JSON is UTF-8');
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new AppError('unsupported_media_type', 'Send the body uncompressed, without content-encoding.');
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw invalid('', `the body is not valid JSON${position(error)}`);
  }
}

/** V8's message quotes the body; only the position is taken from it. */
function position(error: unknown): string {
  const message = error instanceof Error ? error.message : '';
  const found = /at position (\d+)/.exec(message)?.[1];
  if (found !== undefined) return `: there is a mistake at position ${found}`;
  return message.startsWith('Unexpected end') ? ': it ends too early' : '';
}

function tooDeep(): Error {
  return invalid('', `the body must not be nested deeper than ${MAX_DEPTH} levels`);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BYTE_ORDER_MARK = 0xfeff;

/**
 * So few opening brackets are harmless to JSON.parse however they are nested, and `findFault` measures the depth afterwards.
 * 500 conversations with 1,536 numbers each stay below.
 */
const MANY_OPENERS = 4_000;

/**
 * 32 MiB of empty objects would be eleven million of them, 56 bytes each and more; a batch of 10,000 metrics with metadata
 * has some ten thousand.
 */
const MAX_OPENERS = 1_000_000;

/** Counts opening brackets, in texts too, at the speed of memchr: 15 MB of numbers take 2 ms. */
function hasMoreOpeners(bytes: Buffer, limit: number): boolean {
  let count = 0;
  for (const opener of ['[', '{']) {
    for (let at = bytes.indexOf(opener); at >= 0; at = bytes.indexOf(opener, at + 1)) {
      if (++count > limit) return true;
    }
  }
  return false;
}

/** JSON.parse takes 6 s and 1 GB for 16 million nested lists, so such a body must not reach it. */
function isDeeperThan(bytes: Buffer, limit: number): boolean {
  let depth = 0;
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    if (byte === QUOTE) i = endOfText(bytes, i);
    // [ and {, ] and } differ in one bit only.
    else if ((byte | 0x20) === 0x7b) {
      if (++depth > limit) return true;
    } else if ((byte | 0x20) === 0x7d) depth--;
  }
  return false;
}

/** Where the closing quote stands, or the end of a text that has none. */
function endOfText(bytes: Buffer, opening: number): number {
  for (let end = bytes.indexOf(QUOTE, opening + 1); end >= 0; end = bytes.indexOf(QUOTE, end + 1)) {
    let before = end - 1;
    while (bytes[before] === BACKSLASH) before--;
    if ((end - before) % 2 === 1) return end;
  }
  return bytes.length;
}

interface Fault {
  pointer: string;
  detail: string;
}

/** The first thing wrong, depth first. It goes no deeper than MAX_DEPTH, so recursion is safe; pointers are built on the way out. */
function findFault(value: unknown, suspect: { texts: boolean; names: boolean }, depth: number): Fault | undefined {
  if (typeof value === 'number') {
    return Number.isFinite(value) ? undefined : { pointer: '', detail: 'must be a number that a double can hold' };
  }
  if (typeof value === 'string') {
    const problem = suspect.texts ? unstorableText(value) : undefined;
    return problem === undefined ? undefined : { pointer: '', detail: problem };
  }
  if (typeof value !== 'object' || value === null) return undefined;
  if (depth > MAX_DEPTH) return { pointer: '', detail: `must not be nested deeper than ${MAX_DEPTH} levels` };
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const item: unknown = value[i];
      if (typeof item === 'number' && Number.isFinite(item)) continue;
      const fault = findFault(item, suspect, depth + 1);
      if (fault) return { pointer: pointerTo(i) + fault.pointer, detail: fault.detail };
    }
    return undefined;
  }
  const object = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(object)) {
    const problem = suspect.names ? nameProblem(object, name) : undefined;
    if (problem !== undefined) return { pointer: pointerTo(name), detail: problem };
    const fault = findFault(object[name], suspect, depth + 1);
    if (fault) return { pointer: pointerTo(name) + fault.pointer, detail: fault.detail };
  }
  return undefined;
}

function nameProblem(object: Readonly<Record<string, unknown>>, name: string): string | undefined {
  if (name === '__proto__') return 'must not be named __proto__';
  const value = object[name];
  if (name === 'constructor' && typeof value === 'object' && value !== null && Object.hasOwn(value, 'prototype')) {
    return 'must not hold a property named prototype';
  }
  const problem = unstorableText(name);
  return problem === undefined ? undefined : `as a name, ${problem}`;
}
