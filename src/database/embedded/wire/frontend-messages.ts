// Wire messages from client to server, protocol 3.0: https://www.postgresql.org/docs/current/protocol-message-formats.html

/** One whole message: its type, and all its bytes with type and length. */
export interface FrontendMessage {
  readonly type: string;
  readonly bytes: Buffer;
}

export const SYNC = message('S');

export function simpleQuery(sql: string): Buffer {
  return message('Q', cString(sql));
}

/** A Parse of a statement without declared parameter types. */
export function parseMessage(name: string, sql: string): Buffer {
  return message('P', cString(name), cString(sql), Buffer.alloc(2));
}

/** The SQL text of a Query or Parse, bytes as characters: for looking at keywords, which are ASCII in every encoding. */
export function sqlOf({ type, bytes }: FrontendMessage): string {
  const start = type === 'P' ? endOfCString(bytes, 5) : 5;
  return bytes.toString('latin1', start, Math.max(start, endOfCString(bytes, start) - 1));
}

/** The statement that a message is about, or undefined: Parse, Bind, and Describe or Close of a statement have one. */
export function statementNameOf({ type, bytes }: FrontendMessage): string | undefined {
  if (type === 'P') return cStringAt(bytes, 5);
  if (type === 'B') return cStringAt(bytes, endOfCString(bytes, 5));
  if ((type === 'D' || type === 'C') && bytes[5] === 0x53) return cStringAt(bytes, 6);
  return undefined;
}

export function cStringAt(bytes: Buffer, start: number): string {
  return bytes.toString('utf8', start, Math.max(start, endOfCString(bytes, start) - 1));
}

/** Where the string that begins at `start` is over, its NUL included. */
export function endOfCString(bytes: Buffer, start: number): number {
  const nul = bytes.indexOf(0, start);
  return nul === -1 ? bytes.length : nul + 1;
}

export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}

/** Length-prefixed, as messages of both directions are. */
export function message(type: string, ...parts: readonly Buffer[]): Buffer {
  const head = Buffer.alloc(5);
  head.write(type, 'latin1');
  head.writeInt32BE(parts.reduce((length, part) => length + part.length, 4), 1);
  return Buffer.concat([head, ...parts]);
}
