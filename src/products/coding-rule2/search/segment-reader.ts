import type { EntityManager } from 'typeorm';
import { PostingsCache } from './postings-cache.js';
import { countPostings, readLengths, readPostings, WINDOW_SIZE, type Postings } from './segment-format.js';
import type { SegmentView } from './text-snapshot.js';
import type { QueryTerm } from './tokens.js';

/** Memory for what was read of segments, bytes: the postings of some seventy frequent terms at a million rows. */
const CACHE_BYTES = 96 * 1024 * 1024;
/** Postings of up to so many bytes are read together with how many there are; more only when they are needed. */
const LIGHT_BYTES = 3_000;
/** Answers that take longer to be read would keep everybody else waiting. */
const POSTINGS_A_STATEMENT = 400_000;
const LOOKS_A_STATEMENT = 1_000;
/** Sorts behind everything that begins with the same character. */
const LAST_CHARACTER = '\u{10FFFF}';
const NONE: Postings = { count: 0, places: new Uint16Array(), frequencies: new Uint8Array(), dense: undefined };

/** What is known of a term in a segment: how many rows have it, and which ones if that was read. */
export interface TermInSegment {
  readonly count: number;
  readonly postings: Postings | undefined;
}

/** Reads postings and lengths of segments, and keeps what is read. */
export class SegmentReader {
  private readonly terms = new PostingsCache<TermInSegment>(CACHE_BYTES);
  private readonly lengths = new PostingsCache<Int32Array>(CACHE_BYTES / 3);

  /** How many rows have each term, and which where they are few: a list for each segment, in the order of the terms. */
  async look(tx: EntityManager, segments: readonly SegmentView[], terms: readonly QueryTerm[]): Promise<TermInSegment[][]> {
    const keys = terms.map(keyOf);
    const found = segments.map((segment) => {
      const cached = this.terms.of(versionOf(segment));
      return keys.map((key) => cached.get(key));
    });
    const unknown = missing(found, (known) => known === undefined).filter(([, at]) => terms[at]!.startsWith === undefined);
    for (const portion of portions(unknown, () => 1, LOOKS_A_STATEMENT)) {
      const rows = await this.lookUp<{ nth: number; bytes: number; postings: Buffer | null }>(
        tx,
        segments,
        terms,
        portion,
        `octet_length(postings) AS bytes, CASE WHEN octet_length(postings) <= ${LIGHT_BYTES} THEN postings END AS postings`,
      );
      for (const { nth, bytes, postings } of rows) {
        const [s, at] = portion[nth - 1]!;
        found[s]![at] = this.keep(segments[s]!, terms[at]!, { count: countPostings(bytes), postings: postings === null ? undefined : readPostings(postings) });
      }
    }
    for (const [at, term] of terms.entries()) {
      if (term.startsWith === undefined) continue;
      const beginnings = await readBeginnings(tx, segments.filter((_, s) => found[s]![at] === undefined), term);
      for (const [s, segment] of segments.entries()) {
        const postings = beginnings.get(segment.id);
        if (postings !== undefined) found[s]![at] = this.keep(segment, term, { count: postings.count, postings });
      }
    }
    return segments.map((segment, s) => terms.map((term, at) => found[s]![at] ?? this.keep(segment, term, { count: 0, postings: NONE })));
  }

  /** The same with every posting read of those terms that are chosen. @param known as `look` gave it; is completed */
  async complete(tx: EntityManager, segments: readonly SegmentView[], terms: readonly QueryTerm[], known: TermInSegment[][], isChosen: (term: number) => boolean): Promise<void> {
    const unread = missing(known, ({ postings }) => postings === undefined).filter(([, at]) => isChosen(at));
    for (const portion of portions(unread, ([s, at]) => known[s]![at]!.count, POSTINGS_A_STATEMENT)) {
      const rows = await this.lookUp<{ nth: number; postings: Buffer }>(tx, segments, terms, portion, 'postings');
      for (const { nth, postings: bytes } of rows) {
        const [s, at] = portion[nth - 1]!;
        const postings = readPostings(bytes);
        known[s]![at] = this.keep(segments[s]!, terms[at]!, { count: postings.count, postings });
      }
    }
  }

  async readLengths(tx: EntityManager, segments: readonly SegmentView[]): Promise<Int32Array[]> {
    const known = new Map(segments.map((segment) => [segment.id, this.lengths.of(versionOf(segment)).get('')]));
    const unread = segments.filter((segment) => known.get(segment.id) === undefined);
    if (unread.length > 0) {
      const rows = await tx.query<{ id: string; lengths: Buffer }[]>(
        'SELECT id, lengths FROM coding_rule2.text_segments WHERE id = ANY ($1)',
        [unread.map((segment) => segment.id)],
      );
      const bytes = new Map(rows.map((row) => [row.id, row.lengths]));
      for (const segment of unread) {
        const lengths = readLengths(bytes.get(segment.id) ?? Buffer.alloc(0), segment.firstNo);
        this.lengths.set(versionOf(segment), '', lengths, lengths.byteLength);
        known.set(segment.id, lengths);
      }
    }
    return segments.map((segment) => known.get(segment.id)!);
  }

  /** Reads of each pair of segment and term, by their places. */
  private async lookUp<Row extends object>(tx: EntityManager, segments: readonly SegmentView[], terms: readonly QueryTerm[], pairs: readonly Pair[], columns: string): Promise<Row[]> {
    // OFFSET 0 keeps it a lookup by both columns for each pair, however many the planner thinks there are.
    return tx.query<Row[]>(
      `SELECT m.nth::int AS nth, p.*
         FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS m (segment_id, term, nth),
              LATERAL (SELECT ${columns} FROM coding_rule2.text_postings
                        WHERE segment_id = m.segment_id AND term = m.term COLLATE "C" OFFSET 0) p`,
      [pairs.map(([s]) => segments[s]!.id), pairs.map(([, at]) => terms[at]!.term)],
    );
  }

  private keep(segment: SegmentView, term: QueryTerm, known: TermInSegment): TermInSegment {
    const { postings } = known;
    const bytes = postings === undefined ? 0 : postings.dense === undefined ? 3 * postings.count : postings.dense.length;
    this.terms.set(versionOf(segment), keyOf(term), known, bytes);
    return known;
  }
}

/** Places of a segment and a term in their lists. */
type Pair = readonly [segment: number, term: number];

function missing<Known>(known: readonly (readonly Known[])[], isMissing: (known: Known) => boolean): Pair[] {
  return known.flatMap((list, s) => list.flatMap((one, at): Pair[] => (isMissing(one) ? [[s, at]] : [])));
}

/** Pairs in their order, as many together as come to so much. */
function portions(pairs: readonly Pair[], sizeOf: (pair: Pair) => number, most: number): Pair[][] {
  const all: Pair[][] = [];
  let left = 0;
  for (const pair of pairs) {
    const size = sizeOf(pair);
    const last = all.at(-1);
    if (last !== undefined && size <= left) last.push(pair);
    else {
      all.push([pair]);
      left = most;
    }
    left -= size;
  }
  return all;
}

/** How often a single character occurs: where a pair begins with it, where it stands alone, and where a run ends with it. */
async function readBeginnings(tx: EntityManager, segments: readonly SegmentView[], { term, startsWith = '' }: QueryTerm): Promise<Map<string, Postings>> {
  const found = new Map<string, { count: number; dense: Uint8Array }>();
  if (segments.length === 0) return found;
  const rows = await tx.query<{ id: string; postings: Buffer }[]>(
    `SELECT segment_id AS id, postings FROM coding_rule2.text_postings
      WHERE segment_id = ANY ($1) AND (term = $2 COLLATE "C" OR term >= $3 COLLATE "C" AND term < $4 COLLATE "C")`,
    [segments.map(({ id }) => id), term, startsWith, startsWith + LAST_CHARACTER],
  );
  for (const { id, postings: bytes } of rows) {
    const sum = found.get(id) ?? { count: 0, dense: new Uint8Array(WINDOW_SIZE) };
    found.set(id, sum);
    const postings = readPostings(bytes);
    const places = postings.dense === undefined ? postings.places : postings.dense.keys();
    const frequencyAt = postings.dense === undefined ? (_place: number, nth: number) => postings.frequencies[nth]! : (place: number) => postings.dense[place]!;
    let nth = 0;
    for (const place of places) {
      const frequency = frequencyAt(place, nth++);
      if (frequency > 0 && sum.dense[place] === 0) sum.count++;
      sum.dense[place] = Math.min(sum.dense[place]! + frequency, 255);
    }
  }
  return found;
}

function versionOf(segment: SegmentView): string {
  return `${segment.id} ${segment.version}`;
}

function keyOf({ term, startsWith }: QueryTerm): string {
  return (startsWith === undefined ? '=' : '^') + term;
}
