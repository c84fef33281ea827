import type { Tokens } from './tokens.js';

/** Rows that one segment can hold: their places in it take 16 bits. A segment never reaches over a multiple of this. */
export const WINDOW_SIZE = 65_536;
const PLACE_MASK = WINDOW_SIZE - 1;

const BYTES_A_POSTING = 3;
const MOST_FREQUENT = 255;
/** From this length on, a length is kept in steps of 64 tokens: two bytes then reach past two million. */
const LONG = 0x8000;
const LONG_STEP = 64;

/** From this many rows on a term is kept as one byte for every place, which can be asked for any place at once. */
const DENSE_FROM = 12_000;

/** A row on its way into a segment. */
export interface NumberedTokens extends Tokens {
  readonly no: number;
}

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

/** Collects the postings of one segment; rows are added in the order of their numbers. */
export class SegmentBuilder {
  documents = 0;
  tokens = 0;
  private readonly byTerm = new Map<string, number[]>();
  private readonly lengths: Buffer;

  constructor(
    readonly firstNo: number,
    readonly lastNo: number,
  ) {
    this.lengths = Buffer.alloc(2 * (lastNo - firstNo + 1));
  }

  add({ no, counts, length }: NumberedTokens): void {
    this.documents++;
    this.tokens += length;
    this.lengths.writeUInt16LE(encodeLength(length), 2 * (no - this.firstNo));
    for (const [term, frequency] of counts) {
      const list = this.byTerm.get(term);
      const frequencyByte = Math.min(frequency, MOST_FREQUENT);
      if (list) list.push(placeOf(no), frequencyByte);
      else this.byTerm.set(term, [placeOf(no), frequencyByte]);
    }
  }

  /** The postings of all terms, one after the other in one buffer: `sizes` says how many bytes each term has. */
  finish(): { terms: string[]; sizes: number[]; postings: Buffer; lengths: Buffer } {
    const terms = [...this.byTerm.keys()];
    const sizes = terms.map((term) => (this.byTerm.get(term)!.length / 2) * BYTES_A_POSTING);
    const postings = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0));
    let at = 0;
    for (const list of this.byTerm.values()) {
      for (let i = 0; i < list.length; i += 2) {
        postings.writeUInt16LE(list[i]!, at);
        postings[at + 2] = list[i + 1]!;
        at += BYTES_A_POSTING;
      }
    }
    return { terms, sizes, postings, lengths: this.lengths };
  }
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
