// Reads what the backend answered to SQL of our own, and counts what it answered to a client's.

export interface BackendError {
  /** SQLSTATE */
  readonly code: string;
  readonly message: string;
}

export interface Reply {
  /** The rows of all statements, values as text. */
  readonly rows: (string | null)[][];
  readonly error: BackendError | undefined;
}

export function readReply(bytes: Buffer): Reply {
  const rows: (string | null)[][] = [];
  let error: BackendError | undefined;
  for (const { type, body } of messagesIn(bytes)) {
    if (type === 'D') rows.push(readRow(body));
    if (type === 'E') error ??= readError(body);
  }
  return { rows, error };
}

export function countMessages(bytes: Buffer, wanted: string): number {
  let count = 0;
  for (const { type } of messagesIn(bytes)) if (type === wanted) count += 1;
  return count;
}

function* messagesIn(bytes: Buffer): Generator<{ type: string; body: Buffer }> {
  for (let start = 0; start + 5 <= bytes.length; ) {
    const end = start + 1 + bytes.readInt32BE(start + 1);
    yield { type: String.fromCharCode(bytes[start] ?? 0), body: bytes.subarray(start + 5, end) };
    start = end;
  }
}

function readRow(body: Buffer): (string | null)[] {
  const values: (string | null)[] = [];
  let offset = 2;
  for (let column = body.readInt16BE(0); column > 0; column -= 1) {
    const length = body.readInt32BE(offset);
    offset += 4;
    values.push(length < 0 ? null : body.toString('utf8', offset, offset + length));
    offset += Math.max(0, length);
  }
  return values;
}

function readError(body: Buffer): BackendError {
  const fields = new Map<string, string>();
  for (const field of body.toString('utf8').split('\0')) if (field !== '') fields.set(field.slice(0, 1), field.slice(1));
  return { code: fields.get('C') ?? 'XX000', message: fields.get('M') ?? 'the engine gave no reason' };
}
