import { GivingWay } from './giving-way.js';
import type { NumberedText } from './numbered-texts.js';
import { BYTES_A_POSTING, encodeLength, MOST_FREQUENT, placeOf } from './segment-format.js';
import { forEachTerm } from './tokens.js';

/** Postings that are gone through before it is asked whether others wait. */
const POSTINGS_A_TURN = 30_000;

/** Collects the postings of one segment; rows are added in the order of their numbers. */
export class SegmentBuilder {
  documents = 0;
  tokens = 0;
  /** Of the last row that was added. */
  lastNo: number;
  /** Of all terms together. */
  postings = 0;
  private readonly numbers = new Map<string, number>();
  /** How many postings a term has, by its number. */
  private readonly sizes: number[] = [];
  /** Where the last posting of a term is, by its number: a row that has the term again has it there. */
  private readonly latest: number[] = [];
  /** In the order in which they came: lists of their own for tens of thousands of terms would keep the garbage collector busy. */
  private terms = new Uint32Array(POSTINGS_A_TURN);
  private places = new Uint16Array(POSTINGS_A_TURN);
  private frequencies = new Uint8Array(POSTINGS_A_TURN);
  private readonly lengths: Buffer;

  /** @param upTo no row has a higher number */
  constructor(
    readonly firstNo: number,
    upTo: number,
  ) {
    this.lastNo = firstNo;
    this.lengths = Buffer.alloc(2 * (upTo - firstNo + 1));
  }

  add({ no, text }: Pick<NumberedText, 'no' | 'text'>): void {
    const first = this.postings;
    const place = placeOf(no);
    const length = forEachTerm(text, (term) => {
      let number = this.numbers.get(term);
      if (number === undefined) {
        number = this.numbers.size;
        this.numbers.set(term, number);
        this.sizes.push(0);
        this.latest.push(-1);
      }
      const latest = this.latest[number]!;
      if (latest >= first) {
        if (this.frequencies[latest]! < MOST_FREQUENT) this.frequencies[latest]!++;
        return;
      }
      if (this.postings === this.terms.length) this.grow();
      this.sizes[number]!++;
      this.latest[number] = this.postings;
      this.terms[this.postings] = number;
      this.places[this.postings] = place;
      this.frequencies[this.postings++] = 1;
    });
    this.documents++;
    this.tokens += length;
    this.lastNo = no;
    this.lengths.writeUInt16LE(encodeLength(length), 2 * (no - this.firstNo));
  }

  /**
   * The postings of all terms, one after the other in one buffer: `sizes` says how many bytes each term has. Terms come in the order
   * of their primary key, so that PostgreSQL appends to its index instead of looking for a place in it.
   */
  async finish(): Promise<{ terms: string[]; sizes: number[]; postings: Buffer; lengths: Buffer }> {
    const others = new GivingWay();
    const terms: string[] = [];
    const sizes: number[] = [];
    const ends = new Uint32Array(this.numbers.size);
    let bytes = 0;
    for (const group of byFirstCharacter(this.numbers)) {
      await others.next();
      for (const [term, number] of group.sort(byTerm)) {
        const size = this.sizes[number]! * BYTES_A_POSTING;
        terms.push(term);
        sizes.push(size);
        ends[number] = bytes;
        bytes += size;
      }
    }
    const postings = Buffer.allocUnsafe(bytes);
    for (let i = 0; i < this.postings; i++) {
      if (i % POSTINGS_A_TURN === 0) await others.next();
      const number = this.terms[i]!;
      const at = ends[number]!;
      postings[at] = this.places[i]! & 0xff;
      postings[at + 1] = this.places[i]! >> 8;
      postings[at + 2] = this.frequencies[i]!;
      ends[number] = at + BYTES_A_POSTING;
    }
    return { terms, sizes, postings, lengths: this.lengths.subarray(0, 2 * (this.lastNo - this.firstNo + 1)) };
  }

  private grow(): void {
    const size = 2 * this.terms.length;
    const [terms, places, frequencies] = [new Uint32Array(size), new Uint16Array(size), new Uint8Array(size)];
    terms.set(this.terms);
    places.set(this.places);
    frequencies.set(this.frequencies);
    [this.terms, this.places, this.frequencies] = [terms, places, frequencies];
  }
}

type NumberedTerm = [term: string, number: number];

/** In the order of these; each group is small enough to be sorted at once. */
function byFirstCharacter(terms: Iterable<NumberedTerm>): NumberedTerm[][] {
  const groups = new Map<number, NumberedTerm[]>();
  for (const term of terms) {
    const first = term[0].charCodeAt(0);
    const group = groups.get(first);
    if (group) group.push(term);
    else groups.set(first, [term]);
  }
  return [...groups].sort(([a], [b]) => a - b).map(([, group]) => group);
}

function byTerm([a]: NumberedTerm, [b]: NumberedTerm): number {
  return a < b ? -1 : 1;
}
