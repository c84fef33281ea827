/** Rows that one segment can hold: their places in it take 16 bits. A segment never reaches over a multiple of this. */
export const WINDOW_SIZE = 65_536;
const PLACE_MASK = WINDOW_SIZE - 1;

export const BYTES_A_POSTING = 3;
/** As often as this, or more. */
export const MOST_FREQUENT = 255;
/** From this length on, a length is kept in steps of 64 tokens: two bytes then reach past two million. */
const LONG = 0x8000;
const LONG_STEP = 64;

/**
 * From this many rows on a term is kept as one byte for every place: as a list it would take as much memory, and to go
 * through all places takes as long as a list of about so many rows.
 */
const DENSE_FROM = 22_000;

/** Which rows of a segment have a term, and how often; by place in the window. */
export type Postings =
  | { readonly count: number; readonly places: Uint16Array; readonly frequencies: Uint8Array; readonly dense: undefined }
  | { readonly count: number; readonly dense: Uint8Array };

export function placeOf(no: number): number {
  return no & PLACE_MASK;
}

export function windowOf(no: number): number {
  return Math.floor(no / WINDOW_SIZE);
}

export function readPostings(bytes: Buffer): Postings {
  const count = countPostings(bytes.length);
  if (count >= DENSE_FROM) {
    const dense = new Uint8Array(WINDOW_SIZE);
    for (let at = 0; at < bytes.length; at += BYTES_A_POSTING) dense[bytes[at]! | (bytes[at + 1]! << 8)] = bytes[at + 2]!;
    return { count, dense };
  }
  const places = new Uint16Array(count);
  const frequencies = new Uint8Array(count);
  for (let i = 0, at = 0; i < count; i++, at += BYTES_A_POSTING) {
    places[i] = bytes[at]! | (bytes[at + 1]! << 8);
    frequencies[i] = bytes[at + 2]!;
  }
  return { count, places, frequencies, dense: undefined };
}

/** How many postings so many bytes are. */
export function countPostings(bytes: number): number {
  return bytes / BYTES_A_POSTING;
}

/** The same postings without those of the given places. */
export function withoutPlaces(bytes: Buffer, places: ReadonlySet<number>): Buffer {
  const kept: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += BYTES_A_POSTING) {
    if (!places.has(bytes.readUInt16LE(at))) kept.push(bytes.subarray(at, at + BYTES_A_POSTING));
  }
  return Buffer.concat(kept);
}

/** The same lengths, of the rows from `firstNo` on, without those of the given places. */
export function withoutLengths(bytes: Buffer, places: ReadonlySet<number>, firstNo: number): Buffer {
  const lengths = Buffer.from(bytes);
  for (const place of places) lengths.writeUInt16LE(0, 2 * (place - placeOf(firstNo)));
  return lengths;
}

/** Tokens of the row at each place of the window, of which the segment's rows are the part from `firstNo` on. */
export function readLengths(bytes: Buffer, firstNo: number): Int32Array {
  const lengths = new Int32Array(WINDOW_SIZE);
  const first = placeOf(firstNo);
  for (let i = 0; 2 * i < bytes.length; i++) lengths[first + i] = decodeLength(bytes.readUInt16LE(2 * i));
  return lengths;
}

export function encodeLength(tokens: number): number {
  return tokens < LONG ? tokens : LONG | Math.min(Math.floor(tokens / LONG_STEP), LONG - 1);
}

export function decodeLength(encoded: number): number {
  return encoded < LONG ? encoded : (encoded & (LONG - 1)) * LONG_STEP;
}
