import type { EntityManager } from 'typeorm';
import { PostingsCache } from './postings-cache.js';
import { readLengths, readPostings, WINDOW_SIZE, type Postings } from './segment-format.js';
import type { SegmentView } from './text-snapshot.js';
import type { QueryTerm } from './tokens.js';

/** Memory for what was read of segments, bytes: the postings of some hundred frequent terms at a million rows. */
const CACHE_BYTES = 96 * 1024 * 1024;
/** Sorts behind everything that begins with the same character. */
const LAST_CHARACTER = '\u{10FFFF}';
const NONE: Postings = { count: 0, places: new Uint16Array(), frequencies: new Uint8Array(), dense: undefined };

/** Reads postings and lengths of segments, and keeps what is read. */
export class SegmentReader {
  private readonly postings = new PostingsCache<Postings>(CACHE_BYTES);
  private readonly lengths = new PostingsCache<Float32Array>(CACHE_BYTES / 3);

  /** The postings of each term in each segment: a list for each segment, in the order of the terms. */
  async read(tx: EntityManager, segments: readonly SegmentView[], terms: readonly QueryTerm[]): Promise<Postings[][]> {
    const found = segments.map((segment) => terms.map((term) => this.postings.get(keyOf(segment, term))));
    await this.readMissing(tx, segments, terms, found);
    for (const [at, term] of terms.entries()) {
      if (term.startsWith === undefined) continue;
      for (const [s, segment] of segments.entries()) found[s]![at] ??= this.keep(segment, term, await readBeginning(tx, segment, term));
    }
    return segments.map((segment, s) => terms.map((term, at) => found[s]![at] ?? this.keep(segment, term, NONE)));
  }

  async readLengths(tx: EntityManager, segments: readonly SegmentView[]): Promise<Float32Array[]> {
    const known = new Map(segments.map((segment) => [segment.id, this.lengths.get(versionOf(segment))]));
    const missing = segments.filter((segment) => known.get(segment.id) === undefined);
    if (missing.length > 0) {
      const rows = await tx.query<{ id: string; lengths: Buffer }[]>(
        'SELECT id, lengths FROM coding_rule2.text_segments WHERE id = ANY ($1)',
        [missing.map((segment) => segment.id)],
      );
      const bytes = new Map(rows.map((row) => [row.id, row.lengths]));
      for (const segment of missing) {
        const lengths = readLengths(bytes.get(segment.id) ?? Buffer.alloc(0), segment.firstNo);
        this.lengths.set(versionOf(segment), lengths, lengths.byteLength);
        known.set(segment.id, lengths);
      }
    }
    return segments.map((segment) => known.get(segment.id)!);
  }

  private async readMissing(tx: EntityManager, segments: readonly SegmentView[], terms: readonly QueryTerm[], found: (Postings | undefined)[][]): Promise<void> {
    const missing = segments.flatMap((segment, s) =>
      terms.flatMap((term, at) => (found[s]![at] === undefined && term.startsWith === undefined ? [{ segment, term, s, at }] : [])),
    );
    if (missing.length === 0) return;
    // OFFSET 0 keeps it a lookup by both columns for each pair, however many the planner thinks there are.
    const rows = await tx.query<{ nth: number; postings: Buffer }[]>(
      `SELECT m.nth::int AS nth, p.postings
         FROM unnest($1::uuid[], $2::text[]) WITH ORDINALITY AS m (segment_id, term, nth),
              LATERAL (SELECT postings FROM coding_rule2.text_postings
                        WHERE segment_id = m.segment_id AND term = m.term COLLATE "C" OFFSET 0) p`,
      [missing.map(({ segment }) => segment.id), missing.map(({ term }) => term.term)],
    );
    for (const { nth, postings } of rows) {
      const { segment, term, s, at } = missing[nth - 1]!;
      found[s]![at] = this.keep(segment, term, readPostings(postings));
    }
  }

  private keep(segment: SegmentView, term: QueryTerm, postings: Postings): Postings {
    // With the parts of the score that are kept beside them, four bytes each.
    const bytes = postings.dense === undefined ? 7 * postings.count : 5 * postings.dense.length;
    this.postings.set(keyOf(segment, term), postings, bytes);
    return postings;
  }
}

/** How often a single character occurs: where a pair begins with it, where it stands alone, and where a run ends with it. */
async function readBeginning(tx: EntityManager, segment: SegmentView, { term, startsWith = '' }: QueryTerm): Promise<Postings> {
  const rows = await tx.query<{ postings: Buffer }[]>(
    `SELECT postings FROM coding_rule2.text_postings
      WHERE segment_id = $1 AND (term = $2 COLLATE "C" OR term >= $3 COLLATE "C" AND term < $4 COLLATE "C")`,
    [segment.id, term, startsWith, startsWith + LAST_CHARACTER],
  );
  const dense = new Uint8Array(WINDOW_SIZE);
  let count = 0;
  for (const row of rows) {
    const postings = readPostings(row.postings);
    const places = postings.dense === undefined ? postings.places : postings.dense.keys();
    const frequencyAt = postings.dense === undefined ? (_place: number, nth: number) => postings.frequencies[nth]! : (place: number) => postings.dense[place]!;
    let nth = 0;
    for (const place of places) {
      const frequency = frequencyAt(place, nth++);
      if (frequency > 0 && dense[place] === 0) count++;
      dense[place] = Math.min(dense[place]! + frequency, 255);
    }
  }
  return { count, dense };
}

function versionOf(segment: SegmentView): string {
  return `${segment.id} ${segment.version}`;
}

function keyOf(segment: SegmentView, term: QueryTerm): string {
  return `${versionOf(segment)} ${term.startsWith === undefined ? '=' : '^'}${term.term}`;
}
